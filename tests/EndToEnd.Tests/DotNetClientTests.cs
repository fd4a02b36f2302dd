using System;
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Threading.Tasks;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

[Collection(SharedMeshGroup.Name)]
public sealed class DotNetClientTests(SharedMesh shared)
{
    [Fact]
    public async Task A_question_is_answered_whole()
    {
        ChatCompletion done = await Chat().CompleteChatAsync([new UserChatMessage("What is the capital of Italy?")], new ChatCompletionOptions { Temperature = 0 });
        Assert.Contains("Rome", done.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, done.FinishReason);
        Assert.True(done.Usage.OutputTokenCount > 0);
    }

    [Fact]
    public async Task A_question_is_answered_in_pieces()
    {
        StringBuilder text = new();
        int pieces = 0;
        await foreach (StreamingChatCompletionUpdate update in Chat().CompleteChatStreamingAsync(
            [new UserChatMessage("What is the capital of Spain?")], new ChatCompletionOptions { Temperature = 0 }))
        {
            foreach (ChatMessageContentPart part in update.ContentUpdate)
            {
                text.Append(part.Text);
                pieces++;
            }
        }

        Assert.Contains("Madrid", text.ToString(), StringComparison.Ordinal);
        Assert.True(pieces > 1);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        OpenAIModelClient models = new(new ApiKeyCredential(shared.Mesh.ApiKey), Options());
        OpenAIModelCollection listed = await models.GetModelsAsync();
        Assert.Equal(shared.Mesh.Model, Assert.Single(listed).Id);
    }

    [Fact]
    public async Task A_wrong_key_is_refused()
    {
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat("db-wrong").CompleteChatAsync([new UserChatMessage("hello")]));
        Assert.Equal(401, refused.Status);
    }

    private ChatClient Chat(string? apiKey = null) =>
        new(shared.Mesh.Model, new ApiKeyCredential(apiKey ?? shared.Mesh.ApiKey), Options());

    private OpenAIClientOptions Options() => new() { Endpoint = new Uri(shared.Mesh.Url), RetryPolicy = new ClientRetryPolicy(maxRetries: 0) };
}
