package io.backstay.archive;

import io.backstay.image.ImageCopy;
import io.backstay.image.ImageSender;
import io.backstay.model.Point.Proof;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.seam.NoSpaceException;
import io.backstay.server.RoleParts;
import io.backstay.target.Target;
import io.backstay.target.TargetOrder;
import io.backstay.target.Targets;
import io.backstay.volume.RunningOperation;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;

/**
 * One attempt at a restore, from where the target's durable progress ends: onto this node, or
 * through a storage onto another.
 */
final class RestoreRun {
  private final RoleParts parts;
  private final Targets targets;
  private final Work.Restore work;

  RestoreRun(RoleParts parts, Targets targets, Work.Restore work) {
    this.parts = parts;
    this.targets = targets;
    this.work = work;
  }

  WorkResult.Restored restore(RunningOperation operation, PointImage image)
      throws RefusedException, IOException, InterruptedException {
    try {
      if (work.receiver().isPresent()) sendTo(work.receiver().get(), operation, image);
      else write(operation, image);
    } catch (CorruptImageException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.CORRUPT, "the image of gid %d is damaged".formatted(work.gid()))
              .attempted("restore %s to %s".formatted(operation.volume(), work.path()))
              .found(e.getMessage())
              .next("restore another point; 'backstay verify' lists all damage"));
    } catch (NoSpaceException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NO_SPACE, "no space is left at the restore target")
              .attempted("restore %s to %s".formatted(operation.volume(), work.path()))
              .found(e.getMessage())
              .next("make room; the restore goes on by itself"));
    }
    double seconds =
        Duration.between(operation.entry().started(), parts.time().now()).toMillis() / 1000.0;
    return new WorkResult.Restored(
        work.gid(),
        work.path(),
        image.sizeBytes(),
        operation.bytesSent(),
        operation.bytesResent(),
        seconds);
  }

  private void write(RunningOperation operation, PointImage image)
      throws RefusedException, IOException, InterruptedException {
    TargetOrder order =
        new TargetOrder(
            operation.operation(),
            operation.volume(),
            work.gid(),
            image.sizeBytes(),
            work.path(),
            work.overwrite(),
            work.inputHash(),
            work.grant());
    try (Target target = targets.open(order)) {
      if (target.complete()) return;
      operation.step("writing", image.sizeBytes());
      operation.beginAt(target.resumeAt());
      new ImageCopy(parts.time(), parts.pool(), parts.config().transfers())
          .copy(image, target, target.resumeAt(), operation, work.bytesPerSecondMax());
      target.finish();
    }
  }

  private void sendTo(Work.Receiver receiver, RunningOperation operation, PointImage image)
      throws RefusedException, IOException, InterruptedException {
    operation.step("connecting to " + receiver.server(), image.sizeBytes());
    try (Channel channel = parts.dialer().dial(receiver.server(), receiver.address())) {
      operation.whenStopped(channel);
      channel.send(
          Frame.of(
              new Message.OpenTarget(
                  operation.operation(),
                  operation.volume(),
                  work.gid(),
                  image.sizeBytes(),
                  work.path(),
                  work.overwrite(),
                  work.inputHash(),
                  work.grant())));
      Message.ImageResume resume =
          switch (channel.receive().message()) {
            case Message.ImageResume answer -> answer;
            case Message.Answer(Reply.Refused refused) ->
                throw new RefusedException(refused.refusal());
            case Message other ->
                throw new IOException(receiver.server() + " answered a restore with " + other);
          };
      if (resume.committed().isPresent()) return;
      operation.step("sending", image.sizeBytes());
      operation.beginAt(resume.offset());
      new ImageSender(parts.time(), parts.pool(), image, operation, work.bytesPerSecondMax())
          .send(
              channel,
              resume.offset(),
              () ->
                  new Message.ImageEnd(
                      Proof.FROZEN, operation.bytesSent(), operation.bytesResent()));
    }
  }
}
