package io.backstay.storage;

import io.backstay.image.ImageSender;
import io.backstay.image.LiveSource;
import io.backstay.image.Range;
import io.backstay.image.RangeSource;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.BufferPool;
import io.backstay.seam.ChangeStamp;
import io.backstay.server.RoleParts;
import io.backstay.volume.RunningOperation;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import java.io.IOException;
import java.util.Optional;

/**
 * One pass of a full backup of a logged volume in use, from where the archive's durable progress
 * ends (rule X4):
 *
 * <pre>
 *   the log is kept for the archive: it is, or a session begins   ({@link SessionBegin})
 *   begin cut, durable before the first read
 *   ranges are read through the volume and sent, each when the log is durable up to what it may hold
 *     meanwhile the log itself goes to the proxies                ({@link WlogSender})
 *   end cut, behind everything that was read
 *   the archive commits |begin,end| and follows the session; this storage only keeps its answer
 * </pre>
 *
 * <p>A log that is given up meanwhile ends the pass; the next one begins a new session, and what
 * the archive has of this one is compared and kept where it is still right (rule X5).
 */
final class LoggedBackupSender {
  private final RoleParts parts;
  private final ProtectionRecord record;
  private final Work.FullBackup work;
  private final LoggedVolume volume;

  LoggedBackupSender(
      RoleParts parts, ProtectionRecord record, Work.FullBackup work, LoggedVolume volume) {
    this.parts = parts;
    this.record = record;
    this.work = work;
    this.volume = volume;
  }

  WorkResult.BackedUp send(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException {
    operation.step("beginning to follow the log", volume.sizeBytes());
    Session session =
        new SessionBegin(parts, record, operation.entry().epoch()).ensure(volume, work.archive());
    Cut begin = volume.cut();
    operation.step("connecting to " + work.archive(), volume.sizeBytes());
    try (Channel channel = parts.dialer().dial(work.archive(), work.archiveAddress())) {
      operation.whenStopped(channel);
      return converse(operation, channel, new Message.LogOrigin(session, begin));
    }
  }

  private WorkResult.BackedUp converse(
      RunningOperation operation, Channel channel, Message.LogOrigin origin)
      throws RefusedException, IOException, InterruptedException {
    long sizeBytes = volume.sizeBytes();
    channel.send(
        Frame.of(
            new Message.OpenImage(
                operation.operation(),
                record.volume(),
                operation.entry().epoch(),
                sizeBytes,
                new ChangeStamp("session " + origin.session().uuid()),
                Optional.of(origin))));
    Message.ImageResume resume = FullBackupSender.resume(channel);
    if (resume.committed().isPresent()) return result(operation, resume.committed().get());
    operation.step("sending", sizeBytes);
    operation.beginAt(resume.offset());
    Unbroken source =
        new Unbroken(volume, origin.session(), new LiveSource(volume.liveImage(), sizeBytes));
    ImageSender sender =
        new ImageSender(parts.time(), parts.pool(), source, operation, work.bytesPerSecondMax());
    Message.Committed committed = sender.send(channel, resume, () -> end(operation, source));
    return result(operation, committed);
  }

  private Message.ImageEnd end(RunningOperation operation, Unbroken source)
      throws RefusedException, IOException, InterruptedException {
    source.requireUnbroken();
    Cut end = volume.cut();
    source.requireUnbroken();
    return new Message.ImageEnd(
        Point.Proof.FROZEN, operation.bytesSent(), operation.bytesResent(), Optional.of(end));
  }

  private WorkResult.BackedUp result(RunningOperation operation, Message.Committed committed) {
    return FullBackupSender.result(parts, operation, committed, volume.sizeBytes());
  }

  /** Ranges of the volume as long as its log is unbroken; no log could make later ones exact. */
  private record Unbroken(LoggedVolume volume, Session session, LiveSource ranges)
      implements RangeSource {
    @Override
    public long sizeBytes() {
      return ranges.sizeBytes();
    }

    @Override
    public long nextData(long offset) throws IOException {
      return ranges.nextData(offset);
    }

    @Override
    public Range read(long offset, BufferPool.Lease lease) throws IOException {
      try {
        requireUnbroken();
      } catch (IOException | RuntimeException e) {
        lease.close();
        throw e;
      }
      return ranges.read(offset, lease);
    }

    void requireUnbroken() throws IOException {
      if (volume.feed().session().equals(Optional.of(session))) return;
      throw new IOException(
          "the log of %s was given up during its backup, which begins again in a new session"
              .formatted(volume.name()));
    }
  }
}
