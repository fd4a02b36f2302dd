using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Darkbloom.Cli.Settings;
using Xunit;

namespace Darkbloom.Cli.Tests.Settings;

public sealed class SettingsReaderTests
{
    private readonly Dictionary<string, string> _flags = [];
    private readonly Dictionary<string, string> _variables = [];

    [Fact]
    public void A_flag_beats_the_environment_which_beats_the_file_which_beats_the_default()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("node.json", """{ "slots": 5 }""");

        Assert.Equal(("4", "default"), Find(KnownSettings.Slots, null));
        Assert.Equal(("5", $"{path}: slots"), Find(KnownSettings.Slots, path));
        _variables["DARKBLOOM_SLOTS"] = "6";
        Assert.Equal(("6", "DARKBLOOM_SLOTS"), Find(KnownSettings.Slots, path));
        _flags["--slots"] = "7";
        Assert.Equal(("7", "--slots"), Find(KnownSettings.Slots, path));
    }

    [Fact]
    public void Comments_and_trailing_commas_are_welcome_in_a_file()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("node.json", "{ // mine\n \"slots\": \"8\", /* all */ }");
        Assert.Equal("8", Find(KnownSettings.Slots, path).Text);
    }

    [Fact]
    public void An_unknown_key_names_the_file_the_key_and_the_fix()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("node.json", """{ "modle": "x", "slots": 1 }""");
        string problem = Assert.Single(Assert.Throws<SettingException>(() => SettingsFile.Load(path)).Problems);
        Assert.Contains(path, problem, StringComparison.Ordinal);
        Assert.Contains("unknown key 'modle'", problem, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'model'?", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{ \"slots\": 1")]
    [InlineData("{ \"slots\": 1, \"slots\": 2 }")]
    [InlineData("{ \"slots\": {} }")]
    [InlineData("{ \"slots\": null }")]
    [InlineData("{ \"api-key\": [1] }")]
    [InlineData("\0\0")]
    public void A_broken_file_is_an_error_that_names_it(string text)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("node.json", text);
        Assert.Contains(path, Assert.Throws<SettingException>(() => SettingsFile.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_an_error_that_names_it() =>
        Assert.Contains("/no/such.json", Assert.Throws<SettingException>(() => SettingsFile.Load("/no/such.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_bad_value_names_its_source_and_what_is_expected()
    {
        _variables["DARKBLOOM_SLOTS"] = "many";
        string problem = Assert.Single(Assert.Throws<SettingException>(() => Find(KnownSettings.Slots, null)).Problems);
        Assert.Equal("DARKBLOOM_SLOTS: 'many' is not good: expected a number from 1 to 64.", problem);
    }

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        _flags["--slots"] = "0";
        _flags["--bind"] = "8484";
        Assert.Equal(2, Assert.Throws<SettingException>(() => Reader(null).Read([KnownSettings.Slots, KnownSettings.Bind])).Problems.Length);
    }

    [Fact]
    public void A_required_setting_says_how_to_give_it()
    {
        string problem = Assert.Single(Assert.Throws<SettingException>(() => Find(KnownSettings.Rendezvous, null)).Problems);
        Assert.Contains("--rendezvous", problem, StringComparison.Ordinal);
        Assert.Contains("DARKBLOOM_RENDEZVOUS", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_comes_from_a_file_that_a_flag_a_variable_or_a_key_names_or_from_the_environment()
    {
        using TemporaryDirectory directory = new();
        string secret = directory.Write("secret", "from-file\n");
        string config = directory.Write("config.json", """{ "join-secret-file": "secret" }""", isPrivate: false);

        Assert.Equal("from-file", Find(KnownSettings.JoinSecret, config).Text);
        _variables["DARKBLOOM_JOIN_SECRET_FILE"] = directory.Write("other", "from-variable-file");
        Assert.Equal("from-variable-file", Find(KnownSettings.JoinSecret, config).Text);
        _variables["DARKBLOOM_JOIN_SECRET"] = "from-variable";
        Assert.Equal("from-variable", Find(KnownSettings.JoinSecret, config).Text);
        _flags["--join-secret-file"] = secret;
        Assert.Equal("from-file", Find(KnownSettings.JoinSecret, config).Text);
    }

    [Fact]
    public void A_secret_in_a_file_that_others_can_read_is_refused()
    {
        using TemporaryDirectory directory = new();
        string open = directory.Write("open.json", """{ "join-secret": "canary-7f" }""", isPrivate: false);
        SettingException exception = Assert.Throws<SettingException>(() => Find(KnownSettings.JoinSecret, open));
        Assert.Contains("chmod 600", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-7f", exception.Message, StringComparison.Ordinal);

        Assert.Equal("canary-7f", Find(KnownSettings.JoinSecret, directory.Write("private.json", """{ "join-secret": "canary-7f" }""")).Text);
    }

    [Fact]
    public void A_missing_secret_file_is_an_error()
    {
        _flags["--join-secret-file"] = "/no/such/secret";
        Assert.Contains("--join-secret-file", Assert.Throws<SettingException>(() => Find(KnownSettings.JoinSecret, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_is_never_shown()
    {
        _variables["DARKBLOOM_JOIN_SECRET"] = "canary-7f";
        SettingValue value = Assert.Single(Reader(null).Read([KnownSettings.JoinSecret]).All);
        Assert.DoesNotContain("canary-7f", value.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_keys_may_stand_in_a_list()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("gateway.json", """{ "api-key": ["one", "two"] }""");
        Assert.Equal(["one", "two"], Reader(path).Read([KnownSettings.ApiKey]).Get(KnownSettings.ApiKey).AsEnumerable());
    }

    [Fact]
    public void Every_setting_accepts_its_own_default()
    {
        ImmutableArray<Setting> withDefault = [.. KnownSettings.All.Where(setting => setting.DefaultText is not null)];
        Assert.NotEmpty(withDefault);
        Assert.All(withDefault, setting => Assert.True(setting.Accepts(setting.DefaultText!), setting.Name));
    }

    private SettingsReader Reader(string? path) =>
        new(_flags.GetValueOrDefault, _variables.GetValueOrDefault, path is null ? null : SettingsFile.Load(path));

    private (string Text, string Source) Find(Setting setting, string? path)
    {
        SettingValue value = Assert.Single(Reader(path).Read([setting]).All);
        return (value.Text, value.Source);
    }
}
