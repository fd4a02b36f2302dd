using System;
using System.Globalization;
using System.IO;

namespace Darkbloom.RandomModel;

internal static class Program
{
    private const string Usage =
        "Usage: dotnet run --project tools/RandomModel -- <output.gguf> [q4_0|q8_0] [layers]\n"
        + "Writes a llama model of random weights: 0.52 B parameters with the 28 layers it has by default.";

    private static int Main(string[] args)
    {
        if (args.Length is 0 or > 3 || args[0] is "--help" or "-h")
        {
            Console.Error.WriteLine(Usage);
            return args.Length == 1 ? 0 : 2;
        }

        RandomModelShape shape = RandomModelShape.HalfBillion;
        if (args.Length == 3)
        {
            if (!int.TryParse(args[2], CultureInfo.InvariantCulture, out int layers) || layers is < 1 or > 512)
            {
                Console.Error.WriteLine($"layers must be 1 to 512, not {args[2]}");
                return 2;
            }

            shape = shape with { Layers = layers };
        }

        if (!Enum.TryParse(args.Length > 1 ? args[1] : "q4_0", ignoreCase: true, out TensorType type) || type is not (TensorType.Q4_0 or TensorType.Q8_0))
        {
            Console.Error.WriteLine($"the type must be q4_0 or q8_0, not {args[1]}");
            return 2;
        }

        RandomModelWriter.Write(args[0], shape, type);
        Console.WriteLine($"{args[0]}: {new FileInfo(args[0]).Length / 1_000_000} MB");
        return 0;
    }
}
