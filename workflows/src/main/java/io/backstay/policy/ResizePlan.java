package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.SizeChange;
import io.backstay.model.VolumeKind;
import io.backstay.seam.DeviceFacts;
import io.backstay.wire.Reply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Under which record a volume goes on, and who must take it, in order: archives first, so that none
 * is ever sent an image that is larger than it knows of; then the storage (rule L9). What stops
 * halfway leaves archives that would take more than they get, which harms nobody: the next run
 * completes it, or takes them back to the size that the storage has.
 *
 * @param record with the new size
 * @param formerBytes what the storage had: that is what the volume was for its clients
 * @param servers that do not go by it yet; empty where the volume has that size everywhere
 */
public record ResizePlan(Head head, ProtectionRecord record, long formerBytes, List<String> servers)
    implements Plan {
  /** A logged volume is whole blocks of its log. */
  private static final int BLOCK_BYTES = 4096;

  /** States in which a storage makes a volume larger. */
  private static final List<String> READY = List.of("READY", "SYNC_READY", "TARGET");

  public ResizePlan {
    servers = List.copyOf(servers);
  }

  /**
   * What is there.
   *
   * @param given the volume's device where it is somebody else's; empty for a file that the storage
   *     made, which grows with the volume
   * @param at what each server says of the volume, by server; those that do not know it are missing
   */
  public record Found(Optional<DeviceFacts> given, Map<String, Reply.VolumeFacts> at) {}

  /**
   * @param record as the catalog has it
   * @throws RefusedException {@code bad-input}, {@code would-shrink}, {@code too-small}, {@code
   *     wrong-state} or {@code starting}
   */
  public static ResizePlan choose(Head head, ProtectionRecord record, long sizeBytes, Found found)
      throws RefusedException {
    List<String> all =
        Stream.concat(record.archives().stream(), Stream.of(record.storage())).toList();
    requireBlocks(record, sizeBytes);
    for (String server : all) requireThere(record, server, found.at().get(server), sizeBytes);
    Reply.VolumeFacts source = found.at().get(record.storage());
    SizeChange change = new SizeChange(record.volume(), source.sizeBytes(), sizeBytes);
    change.requireGrowth();
    if (found.given().isPresent())
      change.requireRoom(found.given().get().path(), found.given().get().sizeBytes());
    requireServed(record, source, change);
    ProtectionRecord next = record.sizeBytes() == sizeBytes ? record : record.withSize(sizeBytes);
    return new ResizePlan(
        head,
        next,
        source.sizeBytes(),
        all.stream().filter(server -> !goesBy(next, found.at().get(server))).toList());
  }

  private static boolean goesBy(ProtectionRecord record, Reply.VolumeFacts facts) {
    return facts.recordVersion() == record.version() && facts.sizeBytes() == record.sizeBytes();
  }

  private static void requireBlocks(ProtectionRecord record, long sizeBytes)
      throws RefusedException {
    if (record.kind() != VolumeKind.LOGGED || sizeBytes % BLOCK_BYTES == 0) return;
    throw new RefusedException(
        Refusal.of(
                RefusalCode.BAD_INPUT,
                "the size of a logged volume is a multiple of " + BLOCK_BYTES)
            .attempted(new SizeChange(record.volume(), record.sizeBytes(), sizeBytes).attempted())
            .found("%d bytes".formatted(sizeBytes)));
  }

  private static void requireThere(
      ProtectionRecord record, String server, Reply.VolumeFacts facts, long sizeBytes)
      throws RefusedException {
    if (facts != null) return;
    throw Plan.notAdded(
        server, new SizeChange(record.volume(), record.sizeBytes(), sizeBytes).attempted());
  }

  /** Asked before the archives hear of it: only a volume that is served grows. */
  private static void requireServed(
      ProtectionRecord record, Reply.VolumeFacts source, SizeChange change)
      throws RefusedException {
    boolean logged = record.kind() == VolumeKind.LOGGED;
    if (READY.contains(source.state()) && (!logged || source.log().isPresent())) return;
    boolean opening = READY.contains(source.state()) && source.trouble().isEmpty();
    throw new RefusedException(
        Refusal.of(
                opening ? RefusalCode.STARTING : RefusalCode.WRONG_STATE,
                "the volume is not served")
            .attempted(change.attempted())
            .found("state %s, %s".formatted(source.state(), source.trouble().orElse("no trouble")))
            .next("see 'backstay volume show " + record.volume() + "'"));
  }

  @Override
  public String volume() {
    return record.volume();
  }

  @Override
  public String server() {
    return record.storage();
  }

  @Override
  public String words() {
    return servers.isEmpty()
        ? "%s has %s already".formatted(volume(), Plan.bytes(formerBytes))
        : "resize %s from %s to %s at %s"
            .formatted(
                volume(),
                Plan.bytes(formerBytes),
                Plan.bytes(record.sizeBytes()),
                String.join(", ", servers));
  }
}
