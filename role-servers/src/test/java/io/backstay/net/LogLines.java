package io.backstay.net;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.LoggerFactory;

/** The warnings that one package logs while this is open; they are not printed. */
final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger;
  private final ReentrantLock guard = new ReentrantLock();
  private final Condition added = guard.newCondition();
  private final List<String> lines = new ArrayList<>();

  LogLines(String name) {
    logger = (Logger) LoggerFactory.getLogger(name);
    start();
    logger.addAppender(this);
    logger.setAdditive(false);
  }

  @Override
  protected void append(ILoggingEvent event) {
    if (!event.getLevel().isGreaterOrEqual(Level.WARN)) return;
    guard.lock();
    try {
      lines.add(event.getFormattedMessage());
      added.signalAll();
    } finally {
      guard.unlock();
    }
  }

  /** Waits until there is such a line. */
  String await(Predicate<String> wanted) throws InterruptedException {
    guard.lockInterruptibly();
    try {
      while (true) {
        for (String line : lines) if (wanted.test(line)) return line;
        added.await();
      }
    } finally {
      guard.unlock();
    }
  }

  /** Waits until there are so many lines. */
  void awaitCount(int wanted) throws InterruptedException {
    guard.lockInterruptibly();
    try {
      while (lines.size() < wanted) added.await();
    } finally {
      guard.unlock();
    }
  }

  List<String> all() {
    guard.lock();
    try {
      return List.copyOf(lines);
    } finally {
      guard.unlock();
    }
  }

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.detachAppender(this);
    stop();
  }
}
