using System;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

public sealed class ConfidentialityTests
{
    /// <summary>Words that the built-in model repeats nowhere by chance.</summary>
    private const string PromptCanary = "Zanzibar-Quetzalcoatl-7719";
    private const string AnswerCanary = "Tokyo";

    [CaptureFact]
    public async Task No_datagram_holds_a_word_of_the_prompt_or_of_the_answer()
    {
        using UdpCapture capture = UdpCapture.TryStart()!;
        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "2");
        OfficialClient client = new(mesh.Url, mesh.ApiKey);
        for (int i = 0; i < 4; i++)
        {
            JsonElement done = await client.RunAsync("stream", new { content = "What is the capital of Japan?" });
            Assert.Contains(AnswerCanary, done.GetProperty("text").GetString(), StringComparison.Ordinal);
            _ = await client.RunAsync("stream", new { content = PromptCanary, parameters = new { max_tokens = 8 } });
        }

        Assert.True(capture.CountOfPorts(mesh.UdpPorts) >= 50, "The capture saw the mesh's own datagrams.");
        foreach (string secret in new[] { PromptCanary, AnswerCanary, "capital", "<|im_start|>", "assistant", mesh.ApiKey, mesh.Model })
        {
            Assert.False(capture.Contains(Encoding.UTF8.GetBytes(secret)), $"A datagram holds '{secret}'.");
            Assert.False(capture.Contains(Encoding.Unicode.GetBytes(secret)), $"A datagram holds '{secret}' as UTF-16.");
        }
    }

    [CaptureFact]
    public void The_capture_sees_what_is_not_encrypted()
    {
        using UdpCapture capture = UdpCapture.TryStart()!;
        using System.Net.Sockets.UdpClient sender = new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        byte[] canary = Encoding.UTF8.GetBytes(PromptCanary);
        sender.Send(canary, canary.Length, (System.Net.IPEndPoint)sender.Client.LocalEndPoint!);
        System.Threading.SpinWait.SpinUntil(() => capture.Contains(canary), MeshProcess.PatienceMax);
        Assert.True(capture.Contains(canary));
    }
}

/// <summary>A test that reads every datagram of the machine; skipped where the user may not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CaptureFactAttribute : FactAttribute
{
    public CaptureFactAttribute()
    {
        using UdpCapture? capture = OperatingSystem.IsLinux() ? UdpCapture.TryStart() : null;
        if (capture is null)
        {
            Skip = "Raw sockets need Linux and root, or CAP_NET_RAW.";
        }
    }
}
