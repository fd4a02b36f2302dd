using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Models;
using Darkbloom.Node.Tests.Engines;
using Xunit;

namespace Darkbloom.Node.Tests.Models;

public sealed class ModelCatalogueTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("darkbloom-models-").FullName;

    private string Own => Path.Combine(_root, "own");

    private ModelCatalogue Catalogue => new(ModelCatalogue.ShippedDirectory, Own);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task The_built_in_models_are_listed_and_intact()
    {
        IReadOnlyList<ModelEntry> models = Catalogue.List();

        Assert.Equal([ModelCatalogue.BuiltInId, ModelCatalogue.BuiltInSpeechId], models.Select(static model => model.Id));
        Assert.Equal([EngineFixture.ModelPath, SpeechFixture.ModelPath], models.Select(static model => model.Path));
        foreach (ModelEntry model in models)
        {
            Assert.Equal(ModelCondition.Intact, await VerifyAsync(model));
            Assert.Equal(model, Catalogue.Resolve(model.Id));
        }
    }

    [Theory]
    [InlineData(ModelPlacement.InPlace, "other.bin")]
    [InlineData(ModelPlacement.Copied, "mine.bin")]
    public async Task An_added_speech_model_is_described_by_its_own_header(ModelPlacement placement, string name)
    {
        string file = Path.Combine(_root, "other.bin");
        File.Copy(SpeechFixture.ModelPath, file);
        ModelEntry added = await Catalogue.AddAsync("mine", file, placement, null, CancellationToken.None);

        Assert.Equal(Catalogue.Resolve(ModelCatalogue.BuiltInSpeechId) with { Id = "mine", Path = added.Path }, added);
        Assert.Equal(name, Path.GetFileName(added.Path));
    }

    [Theory]
    [InlineData(ModelPlacement.InPlace)]
    [InlineData(ModelPlacement.Copied)]
    public async Task An_added_model_is_found_by_its_id(ModelPlacement placement)
    {
        string file = CopyOfBuiltIn("other.gguf");
        ModelEntry added = await Catalogue.AddAsync("mine", file, placement, null, CancellationToken.None);

        Assert.Equal(added, Catalogue.Resolve("mine"));
        Assert.Equal(placement == ModelPlacement.InPlace, added.Path == file);
        Assert.Equal("llama", added.Architecture);
        Assert.Equal(320, added.ContextTokens);
        Assert.Equal(894_080UL, added.Parameters);
        Assert.Equal(ModelCondition.Intact, await VerifyAsync(added));
        Assert.Equal(["darkbloom-tiny", "darkbloom-words", "mine"], Catalogue.List().Select(m => m.Id));
    }

    [Fact]
    public async Task A_changed_or_missing_file_is_noticed()
    {
        string file = CopyOfBuiltIn("other.gguf");
        ModelEntry model = await AddAsync("mine", file);
        byte[] bytes = await File.ReadAllBytesAsync(file);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        Assert.Equal(ModelCondition.Changed, await VerifyAsync(model));

        await File.WriteAllBytesAsync(file, bytes[..^1]);
        Assert.Equal(ModelCondition.Changed, await VerifyAsync(model));

        File.Delete(file);
        Assert.Equal(ModelCondition.Missing, await VerifyAsync(model));
        Assert.Contains(file, Assert.Throws<InvalidModelException>(() => Catalogue.Resolve("mine")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verifying_reports_its_progress()
    {
        List<long> told = [];
        await ModelCatalogue.VerifyAsync(Catalogue.List()[0], new Told(told), CancellationToken.None);

        Assert.Equal(new FileInfo(EngineFixture.ModelPath).Length, told[^1]);
        Assert.True(told.Count > 1);
    }

    [Fact]
    public void A_path_resolves_without_being_added()
    {
        string file = CopyOfBuiltIn("other.gguf");

        Assert.Equal("other", Catalogue.Resolve(file).Id);
    }

    [Fact]
    public void An_unknown_model_is_refused_with_what_there_is()
    {
        InvalidModelException exception = Assert.Throws<InvalidModelException>(() => Catalogue.Resolve("nothing"));

        Assert.Contains("darkbloom-tiny", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mine", "mine")]
    [InlineData("mine", "MINE")]
    [InlineData(null, "darkbloom-tiny")]
    public async Task An_id_is_taken_once(string? first, string second)
    {
        string file = CopyOfBuiltIn("other.gguf");
        if (first is not null)
        {
            await AddAsync(first, file);
        }

        await Assert.ThrowsAsync<InvalidModelException>(() => AddAsync(second, file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../evil")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("white space")]
    public async Task A_malformed_id_is_refused(string id) =>
        await Assert.ThrowsAsync<InvalidModelException>(() => AddAsync(id, EngineFixture.ModelPath));

    [Fact]
    public async Task The_length_of_an_id_is_limited()
    {
        await AddAsync(new string('a', ModelCatalogue.IdCharactersMax), EngineFixture.ModelPath);
        await Assert.ThrowsAsync<InvalidModelException>(
            () => AddAsync(new string('b', ModelCatalogue.IdCharactersMax + 1), EngineFixture.ModelPath));
    }

    [Fact]
    public async Task A_file_that_is_no_model_leaves_nothing_behind()
    {
        string file = Path.Combine(_root, "letter.gguf");
        await File.WriteAllTextAsync(file, "a letter");

        InvalidModelException exception = await Assert.ThrowsAsync<InvalidModelException>(
            () => Catalogue.AddAsync("mine", file, ModelPlacement.Copied, null, CancellationToken.None));
        Assert.Contains(file, exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Own));
    }

    [Fact]
    public async Task A_cancelled_copy_leaves_no_partial_file()
    {
        using CancellationTokenSource cancellation = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Catalogue.AddAsync(
            "mine", CopyOfBuiltIn("other.gguf"), ModelPlacement.Copied, new Cancel(cancellation), cancellation.Token));

        Assert.DoesNotContain(Directory.EnumerateFiles(Own), file => file.Contains("gguf", StringComparison.Ordinal));
        Assert.DoesNotContain(Catalogue.List(), static model => model.Id == "mine");
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("""{"version":2,"models":[]}""")]
    [InlineData("""{"version":1,"models":[null]}""")]
    [InlineData("""{"version":1,"models":[{"id":"x"}]}""")]
    public void A_damaged_index_is_named(string content)
    {
        Directory.CreateDirectory(Own);
        File.WriteAllText(Path.Combine(Own, "index.json"), content);

        InvalidModelException exception = Assert.Throws<InvalidModelException>(() => Catalogue.List());
        Assert.Contains("index.json", exception.Message, StringComparison.Ordinal);
    }

    private static Task<ModelCondition> VerifyAsync(ModelEntry model) =>
        ModelCatalogue.VerifyAsync(model, null, CancellationToken.None);

    private Task<ModelEntry> AddAsync(string id, string path) =>
        Catalogue.AddAsync(id, path, ModelPlacement.InPlace, null, CancellationToken.None);

    private string CopyOfBuiltIn(string name)
    {
        string path = Path.Combine(_root, name);
        File.Copy(EngineFixture.ModelPath, path);
        return path;
    }

    private sealed class Told(List<long> values) : IProgress<long>
    {
        public void Report(long value) => values.Add(value);
    }

    private sealed class Cancel(CancellationTokenSource cancellation) : IProgress<long>
    {
        public void Report(long value) => cancellation.Cancel();
    }
}
