package io.backstay.target;

import io.backstay.image.DeviceSink;
import io.backstay.model.Grant;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work.Overwrite;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.server.GrantCheck;
import io.backstay.volume.MetadataFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The restore targets of one node (rule K6). Before the first write to a path the operation, the
 * path and its identity are durable; a restore that was interrupted goes on only onto that very
 * file or device.
 */
public final class Targets {
  private static final Duration KEPT = Duration.ofDays(30);

  /** As {@link Directory#publish} names what it has not renamed yet. */
  private static final String UNFINISHED = ".tmp";

  private final Directory records;
  private final Devices devices;
  private final Time time;
  private final List<String> roots;
  private final GrantCheck grants;

  /**
   * @param roots directories below which a new file needs no grant (rule K5)
   */
  public Targets(
      Directory server, Devices devices, Time time, List<String> roots, GrantCheck grants)
      throws IOException {
    this.records = server.child("targets");
    server.sync();
    this.devices = devices;
    this.time = time;
    this.roots = roots;
    this.grants = grants;
  }

  /**
   * Opens the target for this operation, at its beginning or where the last attempt ended. The
   * caller closes it.
   */
  public Target open(TargetOrder order) throws RefusedException, IOException {
    MetadataFile<TargetRecord> file =
        new MetadataFile<>(records, fileName(order.operation()), TargetRecord.class);
    Optional<TargetRecord> known = file.load();
    TargetRecord record = known.isPresent() ? known.get() : admit(order, file);
    return switch (record.progress()) {
      case COMPLETE -> new Target(file, record, time, Optional.empty());
      case CREATING -> create(order, file, record);
      case WRITING -> resume(order, file, record);
    };
  }

  /**
   * Forgets what was complete 30 days ago, and what a crash left unfinished. To call before
   * anything is opened: what an earlier process had renamed but not synced when it died is made
   * durable before anybody relies on it.
   */
  public void forgetOld() throws IOException {
    records.sync();
    for (String name : records.list()) {
      if (name.endsWith(UNFINISHED)) {
        records.delete(name);
        continue;
      }
      Optional<TargetRecord> record = new MetadataFile<>(records, name, TargetRecord.class).load();
      if (record.isPresent() && record.get().changed().plus(KEPT).isBefore(time.now()))
        records.delete(name);
    }
  }

  private TargetRecord admit(TargetOrder order, MetadataFile<TargetRecord> file)
      throws RefusedException, IOException {
    DeviceFacts facts = examine(order);
    Optional<String> nonce = authorise(order, facts);
    boolean fresh = facts.kind() != DeviceFacts.Kind.BLOCK_DEVICE && facts.sizeBytes() == 0;
    TargetRecord record =
        new TargetRecord(
            order.operation(),
            order.volume(),
            order.gid(),
            order.path(),
            fresh ? "" : facts.identity(),
            order.sizeBytes(),
            fresh ? DeviceSink.Before.ZEROES : DeviceSink.Before.ANYTHING,
            0,
            fresh ? TargetRecord.Progress.CREATING : TargetRecord.Progress.WRITING,
            nonce,
            time.now());
    file.publish(record);
    return record;
  }

  private DeviceFacts examine(TargetOrder order) throws RefusedException, IOException {
    DeviceFacts facts = devices.examine(order.path());
    if (!facts.empty() && order.overwrite() == Overwrite.ONLY_EMPTY) {
      throw refused(
          order,
          RefusalCode.NOT_EMPTY,
          "the target is not empty",
          "%s of %d bytes".formatted(facts.kind(), facts.sizeBytes()),
          "choose a path where nothing is, or give --overwrite");
    }
    boolean device = facts.kind() == DeviceFacts.Kind.BLOCK_DEVICE;
    boolean wrongSize =
        device ? facts.sizeBytes() < order.sizeBytes() : facts.sizeBytes() != order.sizeBytes();
    if (wrongSize && (device || facts.sizeBytes() != 0)) {
      throw refused(
          order,
          RefusalCode.TOO_SMALL,
          "the image does not fit the target",
          "%s of %d bytes, the image has %d"
              .formatted(facts.kind(), facts.sizeBytes(), order.sizeBytes()),
          device
              ? "give a device of at least that size"
              : "give a new file, or one of exactly that size");
    }
    return facts;
  }

  /** The nonce of the grant that allows it, if one is needed or given. */
  private Optional<String> authorise(TargetOrder order, DeviceFacts facts)
      throws RefusedException, IOException {
    if (order.grant().isPresent()) {
      Grant grant =
          grants.check(
              order.grant().get(), "restore", order.volume(), order.path(), order.inputHash());
      refuseUsed(order, grant);
      return Optional.of(grant.nonce());
    }
    if (!facts.empty() || facts.kind() == DeviceFacts.Kind.BLOCK_DEVICE) {
      throw refused(
          order,
          RefusalCode.GRANT_REQUIRED,
          "writing to a device or over something needs an operator's grant",
          facts.kind() + " without grant",
          "use 'backstay restore', which signs one");
    }
    if (!isBelowRoots(order.path())) {
      throw refused(
          order,
          RefusalCode.OUTSIDE_ROOTS,
          "without an operator's grant only new files below the node's restore roots may be written",
          "restore roots " + roots,
          "use 'backstay restore', which signs a grant, or choose a path below a root");
    }
    return Optional.empty();
  }

  private void refuseUsed(TargetOrder order, Grant grant) throws RefusedException, IOException {
    for (String name : records.list()) {
      if (name.endsWith(UNFINISHED)) continue;
      Optional<TargetRecord> other = new MetadataFile<>(records, name, TargetRecord.class).load();
      if (other.isPresent() && other.get().nonce().equals(Optional.of(grant.nonce()))) {
        throw refused(
            order,
            RefusalCode.NOT_AUTHORISED,
            "this grant was used before",
            "operation " + other.get().operation(),
            "sign a new one");
      }
    }
  }

  private boolean isBelowRoots(String path) {
    java.nio.file.Path normal = java.nio.file.Path.of(path).normalize();
    return normal.toString().equals(path)
        && roots.stream().anyMatch(root -> normal.startsWith(java.nio.file.Path.of(root)));
  }

  /**
   * Makes the file, also when an earlier attempt died between making it and saying so: then nothing
   * was written to it.
   */
  private Target create(TargetOrder order, MetadataFile<TargetRecord> file, TargetRecord record)
      throws RefusedException, IOException {
    DeviceFacts facts = devices.examine(order.path());
    boolean ours = facts.kind() == DeviceFacts.Kind.FILE && facts.sizeBytes() == order.sizeBytes();
    if (!facts.empty() && !ours) throw changed(order, record, facts);
    BlockDevice device =
        ours ? devices.openWritable(order.path()) : devices.create(order.path(), order.sizeBytes());
    try {
      if (device.nextData(0) < device.sizeBytes()) throw changed(order, record, facts);
      TargetRecord writing = record.writing(devices.examine(order.path()).identity(), time.now());
      file.publish(writing);
      return new Target(file, writing, time, Optional.of(device));
    } catch (RefusedException | IOException | RuntimeException e) {
      device.close();
      throw e;
    }
  }

  private Target resume(TargetOrder order, MetadataFile<TargetRecord> file, TargetRecord record)
      throws RefusedException, IOException {
    DeviceFacts facts = devices.examine(order.path());
    if (!facts.identity().equals(record.identity())) throw changed(order, record, facts);
    BlockDevice device = devices.openWritable(order.path());
    try {
      // What the last attempt wrote behind its durable progress is not known; a target that began
      // as zeroes is made so again.
      long behind = record.sizeBytes() - record.durable();
      if (record.before() == DeviceSink.Before.ZEROES && behind > 0)
        device.zero(record.durable(), behind);
      return new Target(file, record, time, Optional.of(device));
    } catch (IOException | RuntimeException e) {
      device.close();
      throw e;
    }
  }

  private static RefusedException changed(
      TargetOrder order, TargetRecord record, DeviceFacts facts) {
    return refused(
        order,
        RefusalCode.TARGET_CHANGED,
        "the target is not the one that this restore began to write",
        "%s %s, expected %s".formatted(facts.kind(), facts.identity(), record.identity()),
        "put it back, or cancel this restore and begin a new one");
  }

  private static RefusedException refused(
      TargetOrder order, RefusalCode code, String message, String found, String next) {
    return new RefusedException(
        Refusal.of(code, message)
            .attempted(
                "restore %s gid %d to %s".formatted(order.volume(), order.gid(), order.path()))
            .found(found)
            .next(next));
  }

  private static String fileName(String operation) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(operation.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
