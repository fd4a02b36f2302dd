namespace Darkbloom.Gateway.OpenAi;

/// <summary>What a path leads to.</summary>
internal enum ApiRoute
{
    Unknown,
    Health,
    Ready,
    Metrics,
    Models,
    Model,
    ChatCompletions,
    Completions,
    Embeddings,
    Rerank,
    Tokenize,
    Detokenize,
    Responses,
    ResponseInputTokens,
    Response,
    ResponseCancel,
    ResponseInputItems,
    Messages,
    MessagesCountTokens,
    OllamaChat,
    OllamaGenerate,
    OllamaEmbed,
    OllamaEmbeddings,
    OllamaTags,
    OllamaShow,
    OllamaPs,
    OllamaVersion,
    Files,
    File,
    FileContent,
    Batches,
    Batch,
    BatchCancel,
    Transcriptions,
    Translations,

    /// <summary>A completion stored earlier: this gateway stores none, so none is ever found.</summary>
    StoredChatCompletion,
}
