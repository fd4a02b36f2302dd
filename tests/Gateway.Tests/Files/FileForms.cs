using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Tests.Support;

namespace Darkbloom.Gateway.Tests.Files;

/// <summary>Uploads files as clients do.</summary>
internal static class FileForms
{
    public const string Path = "/v1/files";

    public static MultipartFormDataContent Form(string content, string purpose = "batch", string name = "input.jsonl") => new()
    {
        { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", name },
        { new StringContent(purpose), "purpose" },
    };

    public static async Task<JsonNode> UploadAsync(this GatewayHarness gateway, MultipartFormDataContent form, int status = 200)
    {
        using (form)
        {
            using HttpResponseMessage response = await gateway.Client.PostAsync(Path, form);
            JsonNode body = await GatewayHarness.ReadAsync(response);
            Xunit.Assert.True((int)response.StatusCode == status, body.ToJsonString());
            return body;
        }
    }

    public static async Task<string> UploadAsync(this GatewayHarness gateway, string content) =>
        (await gateway.UploadAsync(Form(content)))["id"]!.GetValue<string>();

    public static async Task<string> DownloadAsync(this GatewayHarness gateway, string id) =>
        await gateway.Client.GetStringAsync($"{Path}/{id}/content");
}
