using System;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The frames of all packets in flight: short linked lists in one array, so that a packet costs no object.</summary>
internal sealed class SentFrameLists
{
    /// <summary>The list without frames.</summary>
    public const int Empty = -1;

    private Node[] _nodes = new Node[64];
    private int _used;
    private int _free = Empty;

    /// <summary>Puts a frame before the list and returns the new list.</summary>
    public int Add(int list, in SentFrame frame)
    {
        int index = _free;
        if (index != Empty)
        {
            _free = _nodes[index].Next;
        }
        else
        {
            if (_used == _nodes.Length)
            {
                Array.Resize(ref _nodes, _used * 2);
            }
            index = _used++;
        }
        _nodes[index] = new Node(frame, list);
        return index;
    }

    /// <summary>Reads the frame at the head and moves the list on without freeing anything.</summary>
    public bool TryPeek(ref int list, out SentFrame frame)
    {
        if (list == Empty)
        {
            frame = default;
            return false;
        }
        frame = _nodes[list].Frame;
        list = _nodes[list].Next;
        return true;
    }

    /// <summary>Takes the head off the list and frees it.</summary>
    public bool TryTake(ref int list, out SentFrame frame)
    {
        int head = list;
        if (!TryPeek(ref list, out frame))
        {
            return false;
        }
        _nodes[head] = new Node(default, _free);
        _free = head;
        return true;
    }

    private readonly record struct Node(SentFrame Frame, int Next);
}
