package io.backstay.server;

import io.backstay.wire.Command;
import org.slf4j.MDC;

/** Marks every line that is logged while a command is answered with its volume and operation. */
final class CommandLabels implements AutoCloseable {
  private static final String VOLUME = "volume";
  private static final String OPERATION = "operation";

  private CommandLabels(String volume, String operation) {
    if (!volume.isEmpty()) MDC.put(VOLUME, volume);
    if (!operation.isEmpty()) MDC.put(OPERATION, operation);
  }

  static CommandLabels of(Command command) {
    return switch (command) {
      case Command.Start start -> new CommandLabels(start.volume(), start.operation());
      case Command.Watch watch -> new CommandLabels(watch.volume(), watch.operation());
      case Command.Cancel cancel -> new CommandLabels(cancel.volume(), cancel.operation());
      case Command.TakeHold hold -> new CommandLabels(hold.volume(), hold.operation());
      case Command.ReleaseHold hold -> new CommandLabels(hold.volume(), hold.operation());
      case Command.Reserve reserve -> new CommandLabels(reserve.volume(), reserve.originalRunId());
      case Command.Release release -> new CommandLabels(release.volume(), "");
      case Command.WriteProtection write -> new CommandLabels(write.record().volume(), "");
      case Command.RemoveProtection remove -> new CommandLabels(remove.volume(), "");
      case Command.ForLoggedVolume logged -> new CommandLabels(logged.volume(), "");
      case Command.FindOwnPlace find -> new CommandLabels(find.volume(), "");
      case Command.HashRanges hash -> new CommandLabels(hash.volume(), "");
      case Command.ListPoints list -> new CommandLabels(list.volume(), "");
      case Command.Kick kick -> new CommandLabels(kick.volume(), "");
      case Command.AgreeSession agree -> new CommandLabels(agree.volume(), "");
      case Command.KeepSnapshot keep -> new CommandLabels(keep.volume(), "");
      case Command.OpenExport export -> new CommandLabels(export.volume(), "");
      case Command.CloseExport export -> new CommandLabels(export.volume(), "");
      case Command.ListOperations _,
          Command.ListVolumes _,
          Command.ListExports _,
          Command.Describe _,
          Command.ExamineDevice _,
          Command.ReadCatalog _,
          Command.WriteServer _,
          Command.Unknown _ ->
          new CommandLabels("", "");
    };
  }

  @Override
  public void close() {
    MDC.remove(VOLUME);
    MDC.remove(OPERATION);
  }
}
