package io.backstay.net;

import io.backstay.seam.Time;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Notices within {@link Limits#silence} that a peer is gone without a word: cut off, halted, its
 * machine dead. Each side says something every third of that time, if only a frame that says
 * nothing, so silence means absence. While we do not listen, because what came before was not taken
 * yet, the peer cannot be heard and is not judged.
 *
 * <p>TCP's keep-alive would not do: it rests while unacknowledged data waits, and TCP_USER_TIMEOUT
 * also cuts a peer that lives but takes nothing for a while. Event loop only.
 */
final class Heartbeat {
  private final Time time;
  private final Duration silence;
  private final Runnable ping;
  private final Consumer<String> gone;
  private Optional<ScheduledFuture<?>> beat = Optional.empty();
  private boolean listening = true;
  private long heardNanos;
  private long sentNanos;
  private long beatNanos;

  /**
   * @param ping sends a frame that says nothing
   * @param gone told why the peer is given up
   */
  Heartbeat(Time time, Duration silence, Runnable ping, Consumer<String> gone) {
    this.time = time;
    this.silence = silence;
    this.ping = ping;
    this.gone = gone;
  }

  void start(EventExecutor loop) {
    heardNanos = sentNanos = beatNanos = time.nanos();
    long every = silence.dividedBy(6).toNanos();
    beat = Optional.of(loop.scheduleWithFixedDelay(this::beat, every, every, TimeUnit.NANOSECONDS));
  }

  void stop() {
    beat.ifPresent(running -> running.cancel(false));
    beat = Optional.empty();
  }

  void heard() {
    heardNanos = time.nanos();
  }

  void sent() {
    sentNanos = time.nanos();
  }

  void listen() {
    if (!listening) heard();
    listening = true;
  }

  void rest() {
    listening = false;
  }

  private void beat() {
    long now = time.nanos();
    // We were halted ourselves: what the peer said meanwhile still waits in the socket.
    if (now - beatNanos > silence.dividedBy(2).toNanos()) heardNanos = now;
    beatNanos = now;
    if (now - sentNanos >= silence.dividedBy(3).toNanos()) ping.run();
    if (listening && now - heardNanos >= silence.toNanos()) {
      gone.accept("nothing was heard of it for " + silence.toMillis() + " ms");
    }
  }
}
