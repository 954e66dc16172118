package io.backstay.twin;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Names of files and folders, and what a loss of power could make of them: of the changes since the
 * last sync none, all, the first few or any may be kept, each one whole. A rename is one change: a
 * node never has two names, and a durable node never loses its name because a rename was lost.
 *
 * <p>Not thread-safe: {@link MemoryDisk} holds its lock around every call.
 */
final class MemoryFolder implements MemoryNode {
  private sealed interface Change {
    void applyTo(Names names);
  }

  /** Nodes by their names; each has one. */
  private static final class Names {
    private final TreeMap<String, MemoryNode> nodes = new TreeMap<>();
    private final Map<Long, String> byInode = new HashMap<>();

    void put(String name, MemoryNode node) {
      remove(node);
      MemoryNode before = nodes.put(name, node);
      if (before != null) byInode.remove(before.inode());
      byInode.put(node.inode(), name);
    }

    void remove(MemoryNode node) {
      String name = byInode.remove(node.inode());
      if (name != null) nodes.remove(name);
    }

    void become(Names others) {
      nodes.clear();
      nodes.putAll(others.nodes);
      byInode.clear();
      byInode.putAll(others.byInode);
    }
  }

  /** Made or renamed: the node has this name and no other. */
  private record Bind(String name, MemoryNode node) implements Change {
    @Override
    public void applyTo(Names names) {
      names.put(name, node);
    }
  }

  private record Unbind(MemoryNode node) implements Change {
    @Override
    public void applyTo(Names names) {
      names.remove(node);
    }
  }

  private final long inode;
  private final Names names = new Names();
  private final Names durable = new Names();
  private final List<Change> unsynced = new ArrayList<>();
  private boolean removed;

  MemoryFolder(long inode) {
    this.inode = inode;
  }

  @Override
  public long inode() {
    return inode;
  }

  /** Whether its own name is gone: nothing can be made in it any more. */
  boolean isRemoved() {
    return removed;
  }

  List<String> list() {
    return List.copyOf(names.nodes.keySet());
  }

  boolean has(String name) {
    return names.nodes.containsKey(name);
  }

  /**
   * @throws IllegalArgumentException where there is no such name: callers ask {@link #has} first
   */
  MemoryNode get(String name) {
    MemoryNode node = names.nodes.get(name);
    if (node == null) throw new IllegalArgumentException("nothing is called " + name);
    return node;
  }

  /** Gives the node this name and takes its other one away; a node that had the name loses it. */
  void bind(String name, MemoryNode node) {
    change(new Bind(name, node));
  }

  void remove(String name) {
    if (get(name) instanceof MemoryFolder child) child.removed = true;
    change(new Unbind(get(name)));
  }

  void sync() {
    unsynced.forEach(change -> change.applyTo(durable));
    unsynced.clear();
  }

  @Override
  public void losePower(RandomGenerator random) {
    removed = false;
    kept(random).forEach(change -> change.applyTo(durable));
    unsynced.clear();
    names.become(durable);
    names.nodes.values().forEach(node -> node.losePower(random));
  }

  @Override
  public long usedBytes() {
    return names.nodes.values().stream().mapToLong(MemoryNode::usedBytes).sum();
  }

  private List<Change> kept(RandomGenerator random) {
    return switch (random.nextInt(4)) {
      case 0 -> List.of();
      case 1 -> List.copyOf(unsynced);
      case 2 -> unsynced.subList(0, random.nextInt(unsynced.size() + 1));
      default -> unsynced.stream().filter(change -> random.nextBoolean()).toList();
    };
  }

  private void change(Change change) {
    change.applyTo(names);
    unsynced.add(change);
  }
}
