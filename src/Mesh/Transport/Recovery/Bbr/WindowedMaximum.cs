namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>The maximum of the last rounds, approximately: the three best samples of ever younger parts of the window.</summary>
internal sealed class WindowedMaximum
{
    private Sample _best;
    private Sample _second;
    private Sample _third;

    public long Value => _best.Value;

    public void Update(long value, long round, int rounds)
    {
        Sample sample = new(value, round);
        if (value >= _best.Value || round - _third.Round > rounds)
        {
            _best = _second = _third = sample;
            return;
        }
        if (value >= _second.Value)
        {
            _second = _third = sample;
        }
        else if (value >= _third.Value)
        {
            _third = sample;
        }
        if (round - _best.Round > rounds)
        {
            _best = _second;
            _second = _third;
            _third = sample;
        }
        else if (_second.Round == _best.Round && round - _second.Round > rounds / 4)
        {
            _second = _third = sample;
        }
        else if (_third.Round == _second.Round && round - _third.Round > rounds / 2)
        {
            _third = sample;
        }
    }

    private readonly record struct Sample(long Value, long Round);
}
