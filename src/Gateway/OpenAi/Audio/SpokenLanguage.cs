using System;
using System.Collections.Generic;
using System.Linq;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>The languages that Whisper models hear: clients write codes, and <c>verbose_json</c> tells names.</summary>
internal static class SpokenLanguage
{
    private const string Known = """
        en english, zh chinese, de german, es spanish, ru russian, ko korean, fr french, ja japanese,
        pt portuguese, tr turkish, pl polish, ca catalan, nl dutch, ar arabic, sv swedish, it italian,
        id indonesian, hi hindi, fi finnish, vi vietnamese, he hebrew, uk ukrainian, el greek, ms malay, cs czech,
        ro romanian, da danish, hu hungarian, ta tamil, no norwegian, th thai, ur urdu, hr croatian, bg bulgarian,
        lt lithuanian, la latin, mi maori, ml malayalam, cy welsh, sk slovak, te telugu, fa persian, lv latvian,
        bn bengali, sr serbian, az azerbaijani, sl slovenian, kn kannada, et estonian, mk macedonian, br breton,
        eu basque, is icelandic, hy armenian, ne nepali, mn mongolian, bs bosnian, kk kazakh, sq albanian,
        sw swahili, gl galician, mr marathi, pa punjabi, si sinhala, km khmer, sn shona, yo yoruba, so somali,
        af afrikaans, oc occitan, ka georgian, be belarusian, tg tajik, sd sindhi, gu gujarati, am amharic,
        yi yiddish, lo lao, uz uzbek, fo faroese, ht haitian creole, ps pashto, tk turkmen, nn nynorsk, mt maltese,
        sa sanskrit, lb luxembourgish, my myanmar, bo tibetan, tl tagalog, mg malagasy, as assamese, tt tatar,
        haw hawaiian, ln lingala, ha hausa, ba bashkir, jw javanese, su sundanese, yue cantonese
        """;

    private static readonly Dictionary<string, string> Names = Known
        .Split(',', StringSplitOptions.TrimEntries)
        .Select(static entry => entry.Split(' ', 2))
        .ToDictionary(static entry => entry[0], static entry => entry[1], StringComparer.OrdinalIgnoreCase);

    /// <summary>The code of a language that is written as a code or a name; null when it is none.</summary>
    public static string? Code(string text) =>
        Names.ContainsKey(text)
            ? text.ToLowerInvariant()
            : Names.FirstOrDefault(language => language.Value.Equals(text, StringComparison.OrdinalIgnoreCase)).Key;

    /// <summary>The English name of a language; what has none keeps its code.</summary>
    public static string Name(string code) => Names.GetValueOrDefault(code, code);
}
