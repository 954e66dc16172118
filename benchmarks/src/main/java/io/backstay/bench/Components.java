package io.backstay.bench;

import io.backstay.device.LinuxDevices;
import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.OperatorFiles;
import io.backstay.group.Setup;
import io.backstay.group.Wish;
import io.backstay.image.BareSource;
import io.backstay.image.ImageCopy;
import io.backstay.image.ImageReceiver;
import io.backstay.image.ImageSender;
import io.backstay.image.LiveSource;
import io.backstay.image.PlainSink;
import io.backstay.image.RangeSource;
import io.backstay.image.RangeWalk;
import io.backstay.image.Transfer;
import io.backstay.model.Point.Proof;
import io.backstay.model.RefusedException;
import io.backstay.net.Credentials;
import io.backstay.net.NettyNetwork;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the parts of a full backup reach alone, in this process, on the disk of the moment: the
 * limits beside which the whole is to be seen.
 */
final class Components {
  private static final Transfer UNWATCHED =
      new Transfer() {
        @Override
        public void moved(long upTo, long bytes) {}

        @Override
        public void durable(long upTo) {}

        @Override
        public void checkpoint() {}
      };

  private final Path image;
  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Time time;
  private final LinuxDevices devices;
  private final BufferPool pool;

  Components(Path image, Workplace place, Meter meter, Console console, Time time) {
    this.image = image;
    this.place = place;
    this.meter = meter;
    this.console = console;
    this.time = time;
    this.devices = new LinuxDevices(time);
    int buffers = ServerConfig.Transfers.DEFAULT.buffers();
    this.pool = new BufferPool(buffers, Message.ImageChunk.RANGE_BYTES, devices::memory);
  }

  private interface Part {
    void run() throws RefusedException, IOException, InterruptedException;
  }

  private record Taken(double wallSeconds, double cpuSeconds) {}

  /** A table, one line for each part. */
  String measure(long sizeBytes, int rounds)
      throws BenchException, IOException, InterruptedException {
    Map<String, Part> parts = new LinkedHashMap<>();
    parts.put("disk: read", this::read);
    parts.put("disk: copy, nothing checked", () -> copy(Checks.NONE));
    parts.put("disk: copy, checksums and hashes", () -> copy(Checks.ALL));
    parts.put("network: transfer without disks", () -> transfer(sizeBytes));
    Map<String, List<Taken>> taken = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (Map.Entry<String, Part> part : parts.entrySet()) {
        Taken one = once(part.getValue());
        taken.computeIfAbsent(part.getKey(), none -> new ArrayList<>()).add(one);
        console.say(
            "round %d of %d: %-34s %6.2f s wall %6.2f s CPU",
            round + 1, rounds, part.getKey(), one.wallSeconds, one.cpuSeconds);
      }
    }
    List<String> lines = new ArrayList<>();
    lines.add("component                          wall s [range]           MiB/s   CPU s");
    taken.forEach((name, of) -> lines.add(line(name, sizeBytes, of)));
    return String.join("\n", lines);
  }

  private static String line(String name, long sizeBytes, List<Taken> taken) {
    Spread wall = Spread.of(taken.stream().map(Taken::wallSeconds).toList());
    Spread cpu = Spread.of(taken.stream().map(Taken::cpuSeconds).toList());
    return String.format(
        Locale.ROOT,
        "%-34s %6.2f [%6.2f - %6.2f] %6.0f %7.1f",
        name,
        wall.median(),
        wall.min(),
        wall.max(),
        sizeBytes / wall.median() / Quantities.MIB,
        cpu.median());
  }

  private Taken once(Part part) throws BenchException, IOException, InterruptedException {
    Workplace.delete(target());
    place.settle(meter, List.of(image));
    double cpu = ownCpuSeconds();
    long begun = time.nanos();
    try {
      part.run();
    } catch (RefusedException e) {
      throw new BenchException(e.refusal().message());
    }
    Taken taken = new Taken((time.nanos() - begun) / 1e9, ownCpuSeconds() - cpu);
    Workplace.delete(target());
    return taken;
  }

  private static double ownCpuSeconds() {
    return ProcessTable.row(ProcessHandle.current().pid()).orElseThrow().cpuSeconds();
  }

  private Path target() {
    return place.at("component.img");
  }

  private void read() throws RefusedException, IOException, InterruptedException {
    try (BlockDevice source = devices.openReadOnly(image.toString())) {
      new RangeWalk(time, pool, UNWATCHED, 0).walk(new BareSource(source), 0);
    }
  }

  private enum Checks {
    NONE,
    ALL
  }

  private void copy(Checks checks) throws RefusedException, IOException, InterruptedException {
    try (BlockDevice source = devices.openReadOnly(image.toString());
        BlockDevice target = devices.create(target().toString(), source.sizeBytes())) {
      RangeSource ranges =
          switch (checks) {
            case NONE -> new BareSource(source);
            case ALL -> new LiveSource(source, source.sizeBytes());
          };
      new ImageCopy(time, pool, ServerConfig.Transfers.DEFAULT)
          .copy(ranges, new PlainSink(target), 0, UNWATCHED, 0);
    }
  }

  /** Both ends, with TLS, as between a storage and an archive. */
  private void transfer(long sizeBytes) throws RefusedException, IOException, InterruptedException {
    Path directory = place.at("components");
    Workplace.delete(directory);
    Layout layout = new Layout(directory);
    GroupFile group = new Setup(layout, time).make(Wish.DEFAULT);
    OperatorFiles files = OperatorFiles.of(layout);
    Credentials credentials =
        new Credentials(group.group(), files.certificate(), files.key(), files.ca());
    MemoryVolume volume = new MemoryVolume(sizeBytes);
    try (NettyNetwork network = new NettyNetwork(credentials, time);
        Network.Listener listener = network.listen("127.0.0.1:0")) {
      Thread receiving = time.fork("receiving", () -> receive(listener, volume));
      try (Channel channel = network.connect(listener.address())) {
        channel.receive(); // ImageResume
        new ImageSender(time, pool, new LiveSource(volume, sizeBytes), UNWATCHED, 0)
            .send(channel, 0, () -> new Message.ImageEnd(Proof.UNPROVEN, 0, 0));
      }
      receiving.join();
    }
    Workplace.delete(directory);
  }

  private void receive(Network.Listener listener, MemoryVolume volume) {
    try (Channel channel = listener.accept()) {
      new ImageReceiver(time, pool, ServerConfig.Transfers.DEFAULT)
          .receive(channel, volume, 0, volume.sizeBytes());
      channel.send(Frame.of(new Message.Committed(0, time.now(), Proof.UNPROVEN)));
    } catch (IOException e) {
      console.say("receiving: %s", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
