package io.backstay.target;

import io.backstay.image.DeviceSink;
import io.backstay.image.RangeSink;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Time;
import io.backstay.volume.MetadataFile;
import io.backstay.wire.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** One open restore target, which goes on where it ended. */
public final class Target implements RangeSink, AutoCloseable {
  private final MetadataFile<TargetRecord> file;
  private final Time time;
  private final Optional<BlockDevice> device;
  private final Optional<DeviceSink> sink;
  private TargetRecord record;

  /**
   * @param device empty when the target is complete already
   */
  Target(
      MetadataFile<TargetRecord> file,
      TargetRecord record,
      Time time,
      Optional<BlockDevice> device) {
    this.file = file;
    this.record = record;
    this.time = time;
    this.device = device;
    this.sink = device.map(open -> new DeviceSink(open, record.before()));
  }

  public boolean complete() {
    return record.progress() == TargetRecord.Progress.COMPLETE;
  }

  /** Everything below is written and durable. */
  public long resumeAt() {
    return record.durable();
  }

  @Override
  public void write(Message.ImageChunk chunk, int[] checksums, ByteBuffer data) throws IOException {
    sink.orElseThrow().write(chunk, data);
  }

  @Override
  public void zero(long offset, long lengthBytes) throws IOException {
    sink.orElseThrow().zero(offset, lengthBytes);
  }

  @Override
  public void makeDurable(long upTo) throws IOException {
    device.orElseThrow().flush();
    record = record.durable(upTo, time.now());
    file.publish(record);
  }

  /** Says durably that all was written. Idempotent. */
  public void finish() throws IOException {
    if (complete()) return;
    device.orElseThrow().flush();
    record = record.complete(time.now());
    file.publish(record);
  }

  @Override
  public void close() throws IOException {
    if (device.isPresent()) device.get().close();
  }
}
