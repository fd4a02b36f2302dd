using System;
using System.Globalization;

namespace Darkbloom.Protocol.Constraints;

/// <summary>Checks that a regular expression is one that grammars can follow, in bounded time and inside a JSON string.</summary>
/// <remarks><code>
/// pattern  = "^" choice "$"
/// choice   = sequence *( "|" sequence )
/// sequence = *( atom [ quantifier ] )
/// atom     = character | "\" one of ^$.[]()|{}*+? | class | "(" choice ")"
/// class    = "[" 1*( character [ "-" character ] ) "]"
/// </code>
/// A group that holds a quantifier can't have one itself: such expressions match one text in exponentially many ways.
/// What matches a quote or a backslash would end or break the string that it stands in.
/// </remarks>
internal static class PatternSubset
{
    private const int CharsMax = 512;
    private const int DepthMax = 8;
    private const string Specials = "^$.[]()|{}*+?";

    /// <summary>Empty when the pattern is one of these; otherwise what it isn't.</summary>
    public static string FindFault(string pattern)
    {
        if (pattern.Length is < 2 or > CharsMax || pattern[0] != '^' || pattern[^1] != '$' || pattern[^2] == '\\')
        {
            return string.Create(CultureInfo.InvariantCulture, $"it must begin with ^, end with $ and have at most {CharsMax} characters");
        }

        Reader reader = new(pattern.AsSpan(1, pattern.Length - 2));
        string fault = reader.ReadChoice(depth: 0, out _);
        return fault.Length == 0 && !reader.IsAtEnd ? "a parenthesis closes nothing" : fault;
    }

    private ref struct Reader(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public string ReadChoice(int depth, out bool repeats)
        {
            repeats = false;
            if (depth > DepthMax)
            {
                return "its groups are nested too deep";
            }

            while (!_rest.IsEmpty && _rest[0] != ')')
            {
                if (_rest[0] == '|')
                {
                    _rest = _rest[1..];
                    continue;
                }

                string fault = ReadAtom(depth, out bool inner);
                if (fault.Length > 0)
                {
                    return fault;
                }

                fault = ReadQuantifier(out bool quantified);
                if (fault.Length > 0 || (inner && quantified))
                {
                    return fault.Length > 0 ? fault : "what is repeated holds a repetition: that takes exponential time";
                }

                repeats |= inner || quantified;
            }

            return "";
        }

        private string ReadAtom(int depth, out bool repeats)
        {
            repeats = false;
            char next = _rest[0];
            _rest = _rest[1..];
            switch (next)
            {
                case '(':
                    if (_rest.StartsWith("?"))
                    {
                        return "groups are plain: no lookaround, no names";
                    }

                    string fault = ReadChoice(depth + 1, out repeats);
                    if (fault.Length > 0 || _rest.IsEmpty)
                    {
                        return fault.Length > 0 ? fault : "a parenthesis isn't closed";
                    }

                    _rest = _rest[1..];
                    return "";
                case '[':
                    return ReadClass();
                case '\\':
                    if (_rest.IsEmpty || !Specials.Contains(_rest[0], StringComparison.Ordinal))
                    {
                        return "a backslash may stand before a special character only: write \\d as [0-9]";
                    }

                    _rest = _rest[1..];
                    return "";
                default:
                    return IsLiteral(next) ? "" : "it uses a character that a grammar can't follow: '.' and negated classes are among them";
            }
        }

        private string ReadClass()
        {
            int end = _rest.IndexOf(']');
            if (end <= 0 || _rest[0] == '^')
            {
                return "a class is not empty and not negated";
            }

            foreach (char member in _rest[..end])
            {
                if (member is '\\' or '"' or '[' || !IsPrintable(member))
                {
                    return "a class holds plain characters and ranges";
                }
            }

            _rest = _rest[(end + 1)..];
            return "";
        }

        private string ReadQuantifier(out bool isThere)
        {
            isThere = !_rest.IsEmpty && _rest[0] is ('*' or '+' or '?' or '{');
            if (!isThere)
            {
                return "";
            }

            if (_rest[0] != '{')
            {
                isThere = _rest[0] != '?';
                _rest = _rest[1..];
                return CheckNoSecond();
            }

            int end = _rest.IndexOf('}');
            if (end < 0)
            {
                return "a brace isn't closed";
            }

            string[] counts = _rest[1..end].ToString().Split(',');
            _rest = _rest[(end + 1)..];
            if (counts.Length > 2 || !IsCount(counts[0]) || (counts.Length == 2 && counts[1].Length > 0 && !IsCount(counts[1])))
            {
                return string.Create(CultureInfo.InvariantCulture, $"a repetition is {{n}}, {{n,}} or {{n,m}} with at most {OutputSchema.RepetitionsMax}");
            }

            return CheckNoSecond();
        }

        /// <summary>A second quantifier makes the first one lazy or greedy, which grammars don't know.</summary>
        private readonly string CheckNoSecond() =>
            !_rest.IsEmpty && _rest[0] is ('*' or '+' or '?' or '{') ? "one repetition follows another" : "";

        private static bool IsCount(string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= OutputSchema.RepetitionsMax;

        private static bool IsLiteral(char character) =>
            IsPrintable(character) && character is not ('"' or '\\' or '.' or '^' or '$' or '*' or '+' or '?' or '{' or '}' or ']' or '|' or ')');

        private static bool IsPrintable(char character) => character is >= ' ' and < '\x7F';
    }
}
