using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>TLS 1.3 over TCP: each stream is a connection of its own, as clients of HTTP/1.1 do it.</summary>
internal static class TlsContender
{
    private const int IPPROTO_TCP = 6;
    private const int TCP_CONGESTION = 13;

    public sealed class Client(IPEndPoint server, string congestionControl) : IStreamClient
    {
        [SuppressMessage("Security", "CA5359", Justification = "The server is a process that this program started.")]
        public async Task<Stream> OpenAsync(bool isUrgent)
        {
            Socket socket = NewSocket();
            SetCongestionControl(socket, congestionControl);
            await socket.ConnectAsync(server);
            SslStream tls = new(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });
            return tls;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    public sealed class Server : IStreamServer
    {
        private readonly X509Certificate2 _certificate = ServerCertificate.Create();
        private readonly Socket _listener = NewSocket();
        private readonly Func<Stream, Task> _serve;

        public Server(IPAddress address, string congestionControl, Func<Stream, Task> serve)
        {
            _serve = serve;
            SetCongestionControl(_listener, congestionControl); // accepted sockets inherit it
            _listener.Bind(new IPEndPoint(address, 0));
            _listener.Listen();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public ValueTask DisposeAsync()
        {
            _listener.Dispose();
            _certificate.Dispose();
            return ValueTask.CompletedTask;
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync();
                socket.NoDelay = true;
                _ = ServeAsync(socket);
            }
        }

        private async Task ServeAsync(Socket socket)
        {
            SslStream tls = new(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
            });
            await _serve(tls);
        }
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private static void SetCongestionControl(Socket socket, string name)
    {
        if (name.Length > 0)
        {
            socket.SetRawSocketOption(IPPROTO_TCP, TCP_CONGESTION, Encoding.ASCII.GetBytes(name));
        }
    }
}
