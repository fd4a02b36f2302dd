using Xunit;

// Every mesh is five processes: side by side they would measure each other's hunger for two cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
