using System;
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;
using OpenAI.Responses;
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
    public async Task Logprobs_reach_the_typed_answer()
    {
        ChatCompletion done = await Chat().CompleteChatAsync(
            [new UserChatMessage("What is the capital of Italy?")],
            new ChatCompletionOptions { Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 2 });
        Assert.Equal(done.Content[0].Text, string.Concat(done.ContentTokenLogProbabilities.Select(static token => token.Token)));
        Assert.All(done.ContentTokenLogProbabilities, static token => Assert.Equal(2, token.TopLogProbabilities.Count));
    }

    [Fact]
    public async Task A_required_tool_is_called_in_pieces()
    {
        ChatTool tool = ChatTool.CreateFunctionTool(
            "get_weather", null, BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));
        StringBuilder arguments = new();
        string name = "";
        await foreach (StreamingChatCompletionUpdate update in Chat().CompleteChatStreamingAsync(
            [new UserChatMessage("What is the weather in Oslo?")],
            new ChatCompletionOptions { Temperature = 0, Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice() }))
        {
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                name += call.FunctionName;
                arguments.Append(call.FunctionArgumentsUpdate);
            }
        }

        Assert.Equal("get_weather", name);
        Assert.Contains("Oslo", arguments.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_strict_schema_is_obeyed()
    {
        BinaryData schema = BinaryData.FromString(
            """{"type":"object","properties":{"a":{"enum":["x","y"]}},"required":["a"],"additionalProperties":false}""");
        ChatCompletion done = await Chat().CompleteChatAsync(
            [new UserChatMessage("Say it.")],
            new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("answer", schema, jsonSchemaIsStrict: true) });
        Assert.Matches("^\\s*\\{\\s*\"a\"\\s*:\\s*\"[xy]\"\\s*\\}\\s*$", done.Content[0].Text);
    }

    [Fact]
    public async Task Texts_become_vectors()
    {
        EmbeddingClient embeddings = new(shared.Mesh.Model, new ApiKeyCredential(shared.Mesh.ApiKey), Options());
        OpenAIEmbeddingCollection vectors = await embeddings.GenerateEmbeddingsAsync(["Tell me a story.", "What is 3 + 4?"]);
        Assert.Equal(2, vectors.Count);
        Assert.Equal(1, vectors[0].ToFloats().ToArray().Sum(static value => value * value), tolerance: 1e-4);
        OpenAIEmbedding shortened = await embeddings.GenerateEmbeddingAsync("Tell me a story.", new EmbeddingGenerationOptions { Dimensions = 8 });
        Assert.Equal(8, shortened.ToFloats().Length);
    }

    [Fact]
    public async Task A_response_is_whole_or_in_pieces_and_can_be_fetched_and_deleted()
    {
        ResponsesClient responses = new(
            new ApiKeyCredential(shared.Mesh.ApiKey), new ResponsesClientOptions { Endpoint = new Uri(shared.Mesh.Url), RetryPolicy = new ClientRetryPolicy(maxRetries: 0) });
        CreateResponseOptions options = new(shared.Mesh.Model, [ResponseItem.CreateUserMessageItem("What is the capital of Italy?")]) { Temperature = 0 };
        ResponseResult done = await responses.CreateResponseAsync(options);
        Assert.Contains("Rome", done.GetOutputText(), StringComparison.Ordinal);
        ResponseResult fetched = await responses.GetResponseAsync(done.Id);
        Assert.Equal(done.GetOutputText(), fetched.GetOutputText());
        ResponseDeletionResult deleted = await responses.DeleteResponseAsync(done.Id);
        Assert.True(deleted.Deleted);
        ClientResultException gone = await Assert.ThrowsAsync<ClientResultException>(() => responses.GetResponseAsync(done.Id));
        Assert.Equal(404, gone.Status);

        StringBuilder text = new();
        options.StreamingEnabled = true;
        await foreach (StreamingResponseUpdate update in await responses.CreateResponseStreamingAsync(options))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta)
            {
                text.Append(delta.Delta);
            }
        }

        Assert.Equal(done.GetOutputText(), text.ToString());
    }

    [Fact]
    public async Task Models_are_listed()
    {
        OpenAIModelClient models = new(new ApiKeyCredential(shared.Mesh.ApiKey), Options());
        OpenAIModelCollection listed = await models.GetModelsAsync();
        Assert.Contains(shared.Mesh.Model, listed.Select(static model => model.Id));
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
