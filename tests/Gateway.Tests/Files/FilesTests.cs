using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.Files;

public sealed class FilesTests
{
    [Fact]
    public async Task An_upload_is_told_fetched_and_deleted()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        JsonNode file = await gateway.UploadAsync(FileForms.Form("some text", "user_data", "notes.txt"));
        string id = file["id"]!.GetValue<string>();
        Assert.StartsWith("file-", id, StringComparison.Ordinal);
        Assert.Equal(
            $$"""{"object":"file","id":"{{id}}","purpose":"user_data","filename":"notes.txt","bytes":9,"created_at":{{file["created_at"]}},"expires_at":null,"status":"processed","status_details":null}""",
            file.ToJsonString());

        Assert.Equal(file.ToJsonString(), (await gateway.GetAsync($"/v1/files/{id}")).ToJsonString());
        using HttpResponseMessage content = await gateway.Client.GetAsync($"/v1/files/{id}/content");
        Assert.Equal("some text", await content.Content.ReadAsStringAsync());
        Assert.Equal("application/octet-stream", content.Content.Headers.ContentType!.MediaType);
        Assert.Equal("notes.txt", content.Content.Headers.ContentDisposition!.FileName);

        using HttpResponseMessage deleted = await gateway.Client.DeleteAsync($"/v1/files/{id}");
        Assert.Equal($$"""{"object":"file","deleted":true,"id":"{{id}}"}""", await deleted.Content.ReadAsStringAsync());
        JsonNode gone = await gateway.GetAsync($"/v1/files/{id}", status: 404);
        Assert.Equal($"No such File object: {id}", gone["error"]!["message"]!.GetValue<string>());
        await gateway.GetAsync($"/v1/files/{id}/content", status: 404);
        using HttpResponseMessage again = await gateway.Client.DeleteAsync($"/v1/files/{id}");
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
    }

    [Fact]
    public async Task Files_are_listed_in_pages_by_purpose()
    {
        ManualTime time = new();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { Time = time });
        List<string> ids = [];
        for (int i = 0; i < 4; i++)
        {
            ids.Add((await gateway.UploadAsync(FileForms.Form("x", i == 3 ? "batch" : "assistants")))["id"]!.GetValue<string>());
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([ids[3], ids[2], ids[1], ids[0]], Ids(await gateway.GetAsync("/v1/files")));
        Assert.Equal([ids[0], ids[1], ids[2]], Ids(await gateway.GetAsync("/v1/files?order=asc&purpose=assistants")));
        JsonNode page = await gateway.GetAsync($"/v1/files?limit=2&after={ids[3]}");
        Assert.Equal([ids[2], ids[1]], Ids(page));
        Assert.True(page["has_more"]!.GetValue<bool>());
        Assert.Equal((ids[2], ids[1]), (page["first_id"]!.GetValue<string>(), page["last_id"]!.GetValue<string>()));
        Assert.Equal("limit", (await gateway.GetAsync("/v1/files?limit=0", status: 400))["error"]!["param"]!.GetValue<string>());
        Assert.Equal("after", (await gateway.GetAsync("/v1/files?after=file-x", status: 400))["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_file_is_its_owners_alone()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { ApiKeys = ["one", "two"] });
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "one");
        string id = await gateway.UploadAsync("mine");
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
        await gateway.GetAsync($"/v1/files/{id}", status: 404);
        await gateway.GetAsync($"/v1/files/{id}/content", status: 404);
        Assert.Empty(Ids(await gateway.GetAsync("/v1/files")));
        using HttpResponseMessage deleted = await gateway.Client.DeleteAsync($"/v1/files/{id}");
        Assert.Equal(HttpStatusCode.NotFound, deleted.StatusCode);
    }

    [Fact]
    public async Task A_file_outlives_the_gateway_and_no_word_of_it_stands_on_the_disk()
    {
        using StateDirectory state = new();
        OpenAiServerOptions options = new() { StateDirectory = state.Path };
        string text = string.Concat(Enumerable.Repeat("a canary sings ", 20_000));
        string id;
        await using (GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference(), options))
        {
            id = (await gateway.UploadAsync(FileForms.Form(text, name: "canary.txt")))["id"]!.GetValue<string>();
        }

        Assert.All(
            Directory.EnumerateFiles(state.Path, "*", SearchOption.AllDirectories),
            static path => Assert.DoesNotContain("canary", Encoding.Latin1.GetString(File.ReadAllBytes(path)), StringComparison.Ordinal));
        await using GatewayHarness next = await GatewayHarness.StartAsync(new ScriptedInference(), options);
        Assert.Equal(text, await next.DownloadAsync(id));
        Assert.Equal("canary.txt", (await next.GetAsync($"/v1/files/{id}"))["filename"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null, null, "batch", 2_592_000)]
    [InlineData("created_at", "3600", "user_data", 3600)]
    [InlineData("created_at", "2592000", "user_data", 2_592_000)]
    public async Task A_file_goes_when_its_time_is_over(string? anchor, string? seconds, string purpose, int lifetime)
    {
        ManualTime time = new();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { Time = time });
        JsonNode file = await gateway.UploadAsync(WithLifetime(FileForms.Form("x", purpose), anchor, seconds));
        string id = file["id"]!.GetValue<string>();
        Assert.Equal(lifetime, file["expires_at"]!.GetValue<long>() - file["created_at"]!.GetValue<long>());
        time.Advance(TimeSpan.FromSeconds(lifetime - 1));
        await gateway.GetAsync($"/v1/files/{id}");
        time.Advance(TimeSpan.FromSeconds(1));
        await gateway.GetAsync($"/v1/files/{id}", status: 404);
        Assert.Empty(Ids(await gateway.GetAsync("/v1/files")));
    }

    [Theory]
    [InlineData("created_at", "3599", "expires_after[seconds]")]
    [InlineData("created_at", "2592001", "expires_after[seconds]")]
    [InlineData("created_at", "-1", "expires_after[seconds]")]
    [InlineData("last_active_at", "3600", "expires_after[anchor]")]
    [InlineData(null, "3600", "expires_after[anchor]")]
    [InlineData("created_at", null, "expires_after[seconds]")]
    public async Task A_lifetime_that_makes_no_sense_is_refused(string? anchor, string? seconds, string param)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        JsonNode body = await gateway.UploadAsync(WithLifetime(FileForms.Form("x"), anchor, seconds), status: 400);
        Assert.Equal(param, body["error"]!["param"]!.GetValue<string>());
        Assert.Empty(Ids(await gateway.GetAsync("/v1/files")));
    }

    [Fact]
    public async Task A_form_without_a_purpose_or_a_file_or_with_more_than_it_may_have_is_refused_by_name()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        Assert.Equal("purpose", Param(await gateway.UploadAsync(FileForms.Form("x", "fun"), status: 400)));
        Assert.Equal("purpose", Param(await gateway.UploadAsync(new MultipartFormDataContent { { new StringContent("x"), "file", "a" } }, status: 400)));
        Assert.Equal("file", Param(await gateway.UploadAsync(new MultipartFormDataContent { { new StringContent("batch"), "purpose" } }, status: 400)));
        MultipartFormDataContent more = FileForms.Form("x");
        more.Add(new StringContent("y"), "colour");
        Assert.Equal("colour", Param(await gateway.UploadAsync(more, status: 400)));
        MultipartFormDataContent twice = FileForms.Form("x");
        twice.Add(new StringContent("batch"), "purpose");
        Assert.Equal("purpose", Param(await gateway.UploadAsync(twice, status: 400)));
        Assert.Empty(Ids(await gateway.GetAsync("/v1/files")));
    }

    [Fact]
    public async Task A_file_has_as_many_bytes_as_allowed_and_not_one_more()
    {
        using StateDirectory state = new();
        using Gateway.Storage.SealedDirectory disk = Gateway.Storage.SealedDirectory.Open(state.Path);
        FileStore store = new(disk, TimeProvider.System);
        using (FileUpload most = store.BeginUpload("me"))
        {
            Assert.Null(await most.ReadAsync("a", new ZeroStream(FileUpload.FileBytesMax), default));
            Assert.Equal(FileUpload.FileBytesMax, most.Commit("batch", "a", null).Bytes);
        }

        using FileUpload more = store.BeginUpload("me");
        Assert.Equal("file_too_large", (await more.ReadAsync("a", new ZeroStream(FileUpload.FileBytesMax + 1), default))!.Code);
    }

    [Fact]
    public async Task A_key_has_as_many_files_as_allowed_until_it_deletes_one()
    {
        using StateDirectory state = new();
        using Gateway.Storage.SealedDirectory disk = Gateway.Storage.SealedDirectory.Open(state.Path);
        FileStore store = new(disk, TimeProvider.System);
        for (int i = 0; i < FileStore.FilesPerKeyMax; i++)
        {
            Assert.Null(await UploadAsync(store, "me"));
        }

        Assert.Equal("storage_limit_exceeded", (await UploadAsync(store, "me"))!.Code);
        Assert.Null(await UploadAsync(store, "another"));
        Assert.True(store.TryDelete("me", store.List("me")[0].Id));
        Assert.Null(await UploadAsync(store, "me"));
        Assert.Equal(FileStore.FilesPerKeyMax, store.List("me").Count);
    }

    [Fact]
    public void A_content_that_is_read_stays_until_it_is_not()
    {
        using StateDirectory state = new();
        using Gateway.Storage.SealedDirectory disk = Gateway.Storage.SealedDirectory.Open(state.Path);
        FileStore store = new(disk, TimeProvider.System);
        string id;
        using (FileUpload upload = store.BeginUpload("me"))
        {
            upload.Append("some text"u8);
            id = upload.Commit("batch", "a", null).Id;
        }

        store.Hold(id);
        Assert.True(store.TryDelete("me", id));
        Assert.Null(store.Find("me", id));
        using (FileContent content = store.Open(id)!)
        {
            byte[] read = new byte[20];
            Assert.Equal(9, content.Read(0, read));
            Assert.Equal(4, content.Read(5, read));
            Assert.Equal("text", Encoding.UTF8.GetString(read, 0, 4));
            Assert.Equal(0, content.Read(9, read));
        }

        store.Release(id);
        Assert.Null(store.Open(id));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(state.Path, "contents")));
    }

    private static async Task<ApiError?> UploadAsync(FileStore store, string owner)
    {
        using FileUpload upload = store.BeginUpload(owner);
        ApiError? error = await upload.ReadAsync("a", new MemoryStream("x"u8.ToArray()), default);
        if (error is null)
        {
            upload.Commit("batch", "a", null);
        }

        return error;
    }

    private static MultipartFormDataContent WithLifetime(MultipartFormDataContent form, string? anchor, string? seconds)
    {
        if (anchor is not null)
        {
            form.Add(new StringContent(anchor), "expires_after[anchor]");
        }

        if (seconds is not null)
        {
            form.Add(new StringContent(seconds), "expires_after[seconds]");
        }

        return form;
    }

    private static string Param(JsonNode body) => body["error"]!["param"]!.GetValue<string>();

    private static string[] Ids(JsonNode list) => [.. list["data"]!.AsArray().Select(static file => file!["id"]!.GetValue<string>())];
}
