package io.backstay.image;

import io.backstay.model.RefusedException;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * The sending side of the conversation drawn in {@link Message.ImageChunk}, from the receiver's
 * {@link Message.ImageResume} on. Several ranges are read at a time and sent in address order; what
 * the receiver has made durable comes back meanwhile.
 */
public final class ImageSender {
  private final Time time;
  private final BufferPool pool;
  private final RangeSource source;
  private final Transfer transfer;
  private final Pace pace;

  /**
   * @param bytesPerSecondMax 0 for no limit
   */
  public ImageSender(
      Time time, BufferPool pool, RangeSource source, Transfer transfer, long bytesPerSecondMax) {
    this.time = time;
    this.pool = pool;
    this.source = source;
    this.transfer = transfer;
    this.pace = new Pace(time, bytesPerSecondMax);
  }

  /** Says what ends the stream; asked when all ranges were sent. */
  public interface Ending {
    Message.ImageEnd end() throws RefusedException, IOException, InterruptedException;
  }

  /** As below, to a receiver that has nothing of an earlier pass. */
  public Message.Committed send(Channel channel, long from, Ending ending)
      throws RefusedException, IOException, InterruptedException {
    return send(channel, new Message.ImageResume(from, Optional.empty()), ending);
  }

  /**
   * Sends everything from the receiver's {@code resume} on, but for what it has already (rule X5),
   * and waits until the receiver has committed it.
   *
   * @throws RefusedException when the receiver refuses, or the operation is stopped
   */
  public Message.Committed send(Channel channel, Message.ImageResume resume, Ending ending)
      throws RefusedException, IOException, InterruptedException {
    long from = resume.offset();
    CompletableFuture<Message> outcome = new CompletableFuture<>();
    ReceiverHashes hashes = new ReceiverHashes();
    time.fork("acknowledgements", () -> receive(channel, hashes, outcome));
    try (Prefetch prefetch = new Prefetch(time, pool, source, from)) {
      Range.Zeroes zeroes = new Range.Zeroes(from, 0);
      for (Optional<Range> range; !outcome.isDone() && (range = prefetch.next()).isPresent(); ) {
        if (range.get() instanceof Range.Zeroes more) {
          zeroes = new Range.Zeroes(zeroes.offset(), more.end() - zeroes.offset());
          continue;
        }
        Range.Chunk data = (Range.Chunk) range.get();
        sendZeroes(channel, zeroes);
        zeroes = new Range.Zeroes(data.end(), 0);
        boolean compared = data.offset() < resume.compareBelow();
        if (compared && isThere(data, hashes)) keep(channel, data);
        else sendData(channel, data);
      }
      if (!outcome.isDone()) {
        sendZeroes(channel, zeroes);
        channel.send(Frame.of(ending.end()));
      }
    } catch (ChannelClosedException e) {
      // Why the receiver closed is in its last message, if that arrived.
      if (!outcome.isDone() || outcome.isCompletedExceptionally()) throw e;
    }
    return committed(outcome);
  }

  private void sendZeroes(Channel channel, Range.Zeroes zeroes)
      throws IOException, InterruptedException {
    if (zeroes.lengthBytes() == 0) return;
    channel.send(Frame.of(new Message.ImageZeroes(zeroes.offset(), zeroes.lengthBytes())));
  }

  private static boolean isThere(Range.Chunk data, ReceiverHashes hashes)
      throws InterruptedException {
    try {
      return hashes.take(data.offset()).equals(Optional.of(data.chunk().sourceHash()));
    } catch (InterruptedException e) {
      data.payload().close();
      throw e;
    }
  }

  private void keep(Channel channel, Range.Chunk data)
      throws RefusedException, IOException, InterruptedException {
    try (var payload = data.payload()) {
      transfer.checkpoint();
      channel.send(Frame.of(new Message.ImageKept(data.offset(), data.chunk().lengthBytes())));
    }
  }

  private void sendData(Channel channel, Range.Chunk data)
      throws RefusedException, IOException, InterruptedException {
    int bytes = data.payload().sizeBytes();
    ImageCopy.passOrClose(data, transfer, pace);
    channel.send(new Frame(data.chunk(), data.payload()));
    transfer.moved(data.end(), bytes);
  }

  private void receive(Channel channel, ReceiverHashes hashes, CompletableFuture<Message> outcome) {
    try {
      while (true) {
        Message message = channel.receive().message();
        if (message instanceof Message.ImageDurable durable) {
          transfer.durable(durable.upTo());
        } else if (message instanceof Message.ImageHashes more) {
          hashes.heard(more);
        } else {
          outcome.complete(message);
          return;
        }
      }
    } catch (IOException | RuntimeException e) {
      outcome.completeExceptionally(e);
    } catch (InterruptedException e) {
      outcome.completeExceptionally(e);
      Thread.currentThread().interrupt();
    } finally {
      hashes.end();
    }
  }

  private static Message.Committed committed(CompletableFuture<Message> outcome)
      throws RefusedException, IOException, InterruptedException {
    try {
      return switch (outcome.get()) {
        case Message.Committed committed -> committed;
        case Message.Answer(Reply.Refused refused) -> throw new RefusedException(refused.refusal());
        case Message other -> throw new IOException("the receiver of an image answered " + other);
      };
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) throw io;
      throw new IOException("the receiver's answers cannot be read", e.getCause());
    }
  }
}
