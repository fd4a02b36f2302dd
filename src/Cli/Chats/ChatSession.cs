using System;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;

namespace Darkbloom.Cli.Chats;

/// <summary>A conversation in a terminal: the answer and nothing else goes to standard output.</summary>
internal sealed class ChatSession(ChatClient client, ChatRequest blank, Terminal terminal)
{
    private ImmutableArray<ChatMessage> _messages = blank.Messages;

    /// <summary>Asks once and writes the answer as it comes.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; what had come was written.</exception>
    public async Task<ChatAnswer> AskAsync(string question, CancellationToken cancellationToken)
    {
        ImmutableArray<ChatMessage> asked = _messages.Add(new ChatMessage("user", question));
        StringBuilder text = new();
        string? finish = null;
        ChatUsage? usage = null;
        try
        {
            await foreach (ChatPiece piece in client.StreamAsync(blank with { Messages = asked }, cancellationToken))
            {
                text.Append(piece.Text);
                finish = piece.FinishReason ?? finish;
                usage = piece.Usage ?? usage;
                await terminal.Out.WriteAsync(piece.Text.AsMemory(), cancellationToken);
                await terminal.Out.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            await terminal.Out.WriteLineAsync();
        }

        _messages = asked.Add(new ChatMessage("assistant", text.ToString()));
        return new ChatAnswer(text.ToString(), finish, usage);
    }

    /// <summary>Asks line by line. An interrupt ends the answer that is being written, or else the conversation.</summary>
    public async Task ConverseAsync()
    {
        await terminal.Error.WriteLineAsync($"Talking to {blank.Model}. /new starts over, /quit or Ctrl-D ends, Ctrl-C cuts an answer short.");
        while (true)
        {
            await terminal.Error.WriteAsync("> ");
            await terminal.Error.FlushAsync();
            string? line = await terminal.In.ReadLineAsync();
            switch (line?.Trim())
            {
                case null or "/quit" or "/exit":
                    return;
                case "":
                    break;
                case "/new":
                    _messages = blank.Messages;
                    break;
                default:
                    await AskInterruptiblyAsync(line);
                    break;
            }
        }
    }

    private async Task AskInterruptiblyAsync(string question)
    {
        using CancellationTokenSource interrupt = new();
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            _ = Task.Run(interrupt.Cancel, CancellationToken.None);
        });
        try
        {
            await AskAsync(question, interrupt.Token);
        }
        catch (OperationCanceledException)
        {
            await terminal.Error.WriteLineAsync("(cut short)");
        }
        catch (Exception exception) when (exception is System.IO.IOException or System.Net.Http.HttpRequestException)
        {
            await terminal.Error.WriteLineAsync($"darkbloom: {Explanation.Of(exception)}");
        }
    }
}

/// <summary>A whole answer.</summary>
internal sealed record ChatAnswer(string Text, string? FinishReason, ChatUsage? Usage);
