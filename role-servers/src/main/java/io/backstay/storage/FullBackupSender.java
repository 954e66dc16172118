package io.backstay.storage;

import io.backstay.image.ImageSender;
import io.backstay.image.LiveSource;
import io.backstay.image.SourceUnreadableException;
import io.backstay.model.Point.Proof;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.ChangeStamp;
import io.backstay.server.RoleParts;
import io.backstay.volume.RunningOperation;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * One pass of a full backup of a plain volume, from where the archive's durable progress ends.
 *
 * <p>Order: evidence of the source is taken, then the archive is asked where to go on, then ranges
 * are read and sent, then the evidence is taken again, and only evidence that did not change lets
 * the archive make a point (rule L10). The archive's commit is the commit; this storage only keeps
 * its answer.
 */
final class FullBackupSender {
  private final RoleParts parts;
  private final ProtectionRecord record;
  private final Work.FullBackup work;

  FullBackupSender(RoleParts parts, ProtectionRecord record, Work.FullBackup work) {
    this.parts = parts;
    this.record = record;
    this.work = work;
  }

  WorkResult.BackedUp send(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException {
    try (Source source = Source.open(parts, record)) {
      operation.step("connecting to " + work.archive(), record.sizeBytes());
      try (Channel channel = parts.dialer().dial(work.archive(), work.archiveAddress())) {
        operation.whenStopped(channel);
        return converse(operation, source, channel);
      }
    } catch (SourceUnreadableException e) {
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.SOURCE_UNREADABLE,
                  "the source cannot be read at offset %d of %s"
                      .formatted(e.offset(), record.device()))
              .attempted("read %s for the backup of %s".formatted(record.device(), record.volume()))
              .found(e.getMessage())
              .next("mend the source; the backup goes on by itself from where it is"));
    } catch (NoSuchFileException e) {
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.SOURCE_UNREADABLE,
                  "the source %s is not there".formatted(record.device()))
              .attempted("open it for the backup of " + record.volume())
              .found("nothing at that path")
              .next("put it back; the backup goes on by itself"));
    }
  }

  private WorkResult.BackedUp converse(RunningOperation operation, Source source, Channel channel)
      throws RefusedException, IOException, InterruptedException {
    channel.send(
        Frame.of(
            new Message.OpenImage(
                operation.operation(),
                record.volume(),
                operation.entry().epoch(),
                record.sizeBytes(),
                source.stamp())));
    Message.ImageResume resume = resume(channel);
    if (resume.committed().isPresent()) return result(operation, resume.committed().get());
    operation.step("sending", record.sizeBytes());
    operation.beginAt(resume.offset());
    ImageSender sender =
        new ImageSender(
            parts.time(), parts.pool(), source.ranges(), operation, work.bytesPerSecondMax());
    Message.Committed committed =
        sender.send(
            channel,
            resume.offset(),
            () ->
                new Message.ImageEnd(
                    source.prove(), operation.bytesSent(), operation.bytesResent()));
    return result(operation, committed);
  }

  /** What the archive answers to the opening of an image. */
  static Message.ImageResume resume(Channel channel)
      throws RefusedException, IOException, InterruptedException {
    return switch (channel.receive().message()) {
      case Message.ImageResume resume -> resume;
      case Message.Answer(Reply.Refused refused) -> throw new RefusedException(refused.refusal());
      case Message other ->
          throw new IOException("the archive answered the opening of an image with " + other);
    };
  }

  private WorkResult.BackedUp result(RunningOperation operation, Message.Committed committed) {
    return result(parts, operation, committed, record.sizeBytes());
  }

  static WorkResult.BackedUp result(
      RoleParts parts, RunningOperation operation, Message.Committed committed, long sizeBytes) {
    double seconds =
        Duration.between(operation.entry().started(), parts.time().now()).toMillis() / 1000.0;
    return new WorkResult.BackedUp(
        committed.gid(),
        committed.time(),
        sizeBytes,
        operation.bytesSent(),
        operation.bytesResent(),
        operation.startedAt(),
        seconds,
        committed.proof());
  }

  /**
   * The source, frozen where that can be had, with the evidence of what was written to it
   * meanwhile.
   */
  private static final class Source implements AutoCloseable {
    private final RoleParts parts;
    private final ProtectionRecord record;
    private final ChangeStamp stamp;
    private final Optional<BlockDevice> frozen;
    private final BlockDevice device;

    private Source(
        RoleParts parts, ProtectionRecord record, ChangeStamp stamp, Optional<BlockDevice> frozen)
        throws IOException {
      this.parts = parts;
      this.record = record;
      this.stamp = stamp;
      this.frozen = frozen;
      this.device =
          frozen.isPresent() ? frozen.get() : parts.devices().openReadOnly(record.device());
    }

    static Source open(RoleParts parts, ProtectionRecord record)
        throws RefusedException, IOException {
      ChangeStamp before = parts.devices().changeStamp(record.device());
      Optional<BlockDevice> frozen = parts.devices().freeze(record.device());
      boolean ofBefore =
          frozen.isEmpty()
              || before.known() && parts.devices().changeStamp(record.device()).equals(before);
      ChangeStamp stamp = ofBefore ? before : ofThisClone(parts);
      Source source = new Source(parts, record, stamp, frozen);
      if (source.device.sizeBytes() >= record.sizeBytes()) return source;
      long found = source.device.sizeBytes();
      source.close();
      throw new RefusedException(
          Refusal.of(RefusalCode.SOURCE_SHORTER, "the source is shorter than the volume")
              .attempted("back up %d bytes of %s".formatted(record.sizeBytes(), record.device()))
              .found("%d bytes".formatted(found))
              .next("put the whole source back, or clear the volume and add it with its new size"));
    }

    /**
     * A clone that was taken while somebody wrote, or where nobody can tell, is one moment all the
     * same, but no other clone is the same one: bytes of two of them are never put together (rule
     * L10).
     */
    private static ChangeStamp ofThisClone(RoleParts parts) {
      RandomGenerator random = parts.time().random();
      return new ChangeStamp("clone %016x%016x".formatted(random.nextLong(), random.nextLong()));
    }

    ChangeStamp stamp() {
      return stamp;
    }

    LiveSource ranges() {
      return new LiveSource(device, record.sizeBytes());
    }

    /** What is known of writes while it was read; asked when everything was read. */
    Proof prove() throws RefusedException, IOException {
      if (frozen.isPresent()) return Proof.FROZEN;
      ChangeStamp now = parts.devices().changeStamp(record.device());
      if (stamp.known() && now.known() && !now.equals(stamp)) {
        throw new RefusedException(
            Refusal.of(
                    RefusalCode.SOURCE_CHANGED,
                    "the source was written to while it was read; no point was made")
                .attempted("full backup of %s from %s".formatted(record.volume(), record.device()))
                .found("before: %s, after: %s".formatted(stamp.evidence(), now.evidence()))
                .next(
                    "back it up while nothing writes to it, or from a snapshot, or make it a logged volume"));
      }
      return stamp.known() && now.known() ? Proof.UNCHANGED : Proof.UNPROVEN;
    }

    @Override
    public void close() throws IOException {
      device.close();
    }
  }
}
