namespace Darkbloom.Gateway.OpenAi;

/// <summary>Whose words a client speaks, and expects its errors in.</summary>
internal enum ApiDialect
{
    OpenAi,
    Anthropic,
    Ollama,
}
