package io.backstay.diff;

import io.backstay.diff.PackSlot.Part;
import io.backstay.seam.Time;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Makes packs of parts, in their order; where the packs' bounds are does not depend on who does.
 */
sealed interface Packing extends AutoCloseable {
  /** Takes each pack when it is made, in their order; it is used for something else then. */
  interface Ready {
    void take(PackSlot pack) throws IOException;
  }

  /** The part's bytes are the caller's again when this returns. */
  void put(Part part, Ready ready) throws IOException;

  /** Nobody changes the part's bytes before {@link #finish}. */
  void putLasting(Part part, Ready ready) throws IOException;

  void finish(Ready ready) throws IOException;

  @Override
  void close();

  /** In the caller's thread. */
  final class Alone implements Packing {
    private final PackSlot slot;

    Alone(PackSlot slot) {
      this.slot = slot;
    }

    @Override
    public void put(Part part, Ready ready) throws IOException {
      if (slot.isFullBefore(part.rawBytes())) finish(ready);
      slot.put(part);
      if (slot.isFull()) finish(ready);
    }

    @Override
    public void putLasting(Part part, Ready ready) throws IOException {
      put(part, ready);
    }

    @Override
    public void finish(Ready ready) throws IOException {
      if (slot.isEmpty()) return;
      slot.encode();
      ready.take(slot);
      slot.clear();
    }

    @Override
    public void close() {
      slot.close();
    }
  }

  /** In threads of its own, several packs at a time, while the caller goes on. */
  final class Beside implements Packing {
    private final Time time;
    private final Deque<Helped> busy = new ArrayDeque<>();
    private final Deque<PackSlot> idle = new ArrayDeque<>();
    private PackSlot filling;

    /** A pack that is being made. */
    private record Helped(PackSlot slot, Errand compressing) {}

    /**
     * @param slots 2 or more: one is filled while the others are compressed
     */
    Beside(Time time, List<PackSlot> slots) {
      if (slots.size() < 2) throw new IllegalArgumentException(slots.size() + " packs at a time");
      this.time = time;
      this.idle.addAll(slots);
      this.filling = idle.pop();
    }

    @Override
    public void put(Part part, Ready ready) throws IOException {
      if (filling.isFullBefore(part.rawBytes())) begin(ready);
      filling.putLater(part);
      if (filling.isFull()) begin(ready);
    }

    @Override
    public void putLasting(Part part, Ready ready) throws IOException {
      if (filling.isFullBefore(part.rawBytes())) begin(ready);
      filling.putLasting(part);
      if (filling.isFull()) begin(ready);
    }

    private void begin(Ready ready) throws IOException {
      busy.addLast(new Helped(filling, new Errand("compressing a pack", filling::encode, time)));
      if (idle.isEmpty()) takeOldest(ready);
      filling = idle.pop();
    }

    private void takeOldest(Ready ready) throws IOException {
      Helped oldest = busy.getFirst();
      oldest.compressing.await();
      ready.take(oldest.slot);
      oldest.slot.clear();
      idle.push(busy.removeFirst().slot);
    }

    @Override
    public void finish(Ready ready) throws IOException {
      if (!filling.isEmpty()) begin(ready);
      while (!busy.isEmpty()) takeOldest(ready);
    }

    /** No codec goes before those who use it. */
    @Override
    public void close() {
      while (!busy.isEmpty()) {
        busy.getFirst().compressing.end();
        idle.push(busy.removeFirst().slot);
      }
      idle.forEach(PackSlot::close);
      filling.close();
    }
  }
}
