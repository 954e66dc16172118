package io.backstay.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

/** Puts what the servers log into the trace of the simulation that runs, and nowhere else. */
public final class LogLines implements AutoCloseable {
  private final Logger root = root();
  private final Lines lines;

  private static final class Lines extends AppenderBase<ILoggingEvent> {
    private final SeededScheduler scheduler;

    private Lines(SeededScheduler scheduler) {
      this.scheduler = scheduler;
    }

    @Override
    protected void append(ILoggingEvent event) {
      if (!scheduler.isRunning()) return;
      IThrowableProxy thrown = event.getThrowableProxy();
      String cause = thrown == null ? "" : " " + thrown.getClassName() + ": " + thrown.getMessage();
      scheduler
          .trace()
          .note(
              scheduler.nanos(),
              scheduler.current().process().name(),
              event.getLevel() + " " + event.getFormattedMessage() + cause);
    }
  }

  public LogLines(SeededScheduler scheduler) {
    root.detachAndStopAllAppenders();
    root.setLevel(Level.INFO);
    lines = new Lines(scheduler);
    lines.setContext(root.getLoggerContext());
    lines.start();
    root.addAppender(lines);
  }

  private static Logger root() {
    return ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(Logger.ROOT_LOGGER_NAME);
  }

  @Override
  public void close() {
    root.detachAppender(lines);
    lines.stop();
  }
}
