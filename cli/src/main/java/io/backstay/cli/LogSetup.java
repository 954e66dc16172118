package io.backstay.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.util.FileSize;
import java.util.Optional;

/**
 * How this process logs; Logback finds it as a service. A command logs nothing unless
 * BACKSTAY_DEBUG is set. A server logs to stdout, or to the file that {@link #asServer} named, as
 * text or, with BACKSTAY_LOG=json, as JSON; volume and operation stand in each line that has them.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
  private static final String FILE = "backstay.log.file";
  private static final String SERVER = "backstay.log.server";

  /** One file and this many older ones are kept. */
  private static final int OLDER_FILES = 3;

  private static final long FILE_BYTES_MAX = 8L << 20;

  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z',UTC} %-5level "
          + "%replace(%X{volume} %X{operation} ){'^ +',''}%logger{0}: %msg%n";

  /**
   * This process is a server. To be called before anything logs.
   *
   * @param file to log to; it is bounded
   */
  static void asServer(Optional<String> file) {
    System.setProperty(SERVER, "true");
    file.ifPresent(name -> System.setProperty(FILE, name));
  }

  /** This process logs nothing, and does not even load what logs. To be called before it would. */
  static void off() {
    System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
    System.setProperty("slf4j.internal.verbosity", "WARN");
  }

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    boolean server = Boolean.getBoolean(SERVER);
    boolean debug = System.getenv("BACKSTAY_DEBUG") != null;
    var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(server ? Level.INFO : debug ? Level.DEBUG : Level.OFF);
    if (server) {
      for (String chatty : new String[] {"io.netty", "io.grpc", "io.temporal"}) {
        context.getLogger(chatty).setLevel(Level.WARN);
      }
    }
    if (server || debug) root.addAppender(appender(context, server));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static Appender<ILoggingEvent> appender(LoggerContext context, boolean server) {
    String file = System.getProperty(FILE);
    if (file != null) return rolling(context, file);
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(context);
    console.setTarget(server ? "System.out" : "System.err");
    console.setEncoder(encoder(context));
    console.start();
    return console;
  }

  private static Appender<ILoggingEvent> rolling(LoggerContext context, String file) {
    RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
    appender.setContext(context);
    appender.setFile(file);
    FixedWindowRollingPolicy names = new FixedWindowRollingPolicy();
    names.setContext(context);
    names.setParent(appender);
    names.setFileNamePattern(file + ".%i");
    names.setMinIndex(1);
    names.setMaxIndex(OLDER_FILES);
    names.start();
    SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(FILE_BYTES_MAX));
    size.start();
    appender.setRollingPolicy(names);
    appender.setTriggeringPolicy(size);
    appender.setEncoder(encoder(context));
    appender.start();
    return appender;
  }

  private static Encoder<ILoggingEvent> encoder(LoggerContext context) {
    if ("json".equalsIgnoreCase(System.getenv("BACKSTAY_LOG"))) {
      JsonEncoder json = new JsonEncoder();
      json.setContext(context);
      json.start();
      return json;
    }
    PatternLayoutEncoder text = new PatternLayoutEncoder();
    text.setContext(context);
    text.setPattern(PATTERN);
    text.start();
    return text;
  }
}
