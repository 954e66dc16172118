package io.backstay.export;

import io.backstay.model.Names;
import io.backstay.wire.Command;
import java.time.Instant;
import java.util.Objects;

/**
 * What is durable of one export.
 *
 * @param since when somebody asked for it
 */
record ExportEntry(
    String name, String volume, long gid, boolean writable, Instant since, Phase phase) {
  /** Only what is open outlives its process; the next one takes the rest back. */
  enum Phase {
    /** Its point is being held and its files are being made. */
    OPENING,
    OPEN,
    /** Its files are being deleted and its point released. */
    CLOSING
  }

  ExportEntry {
    Names.require("export", name);
    Names.require("volume", volume);
    Objects.requireNonNull(since, "since");
    Objects.requireNonNull(phase, "phase");
  }

  static ExportEntry of(Command.OpenExport wanted, Instant now) {
    return new ExportEntry(
        wanted.name(), wanted.volume(), wanted.gid(), wanted.writable(), now, Phase.OPENING);
  }

  ExportEntry in(Phase newPhase) {
    return new ExportEntry(name, volume, gid, writable, since, newPhase);
  }

  boolean isAsWanted(Command.OpenExport wanted) {
    return volume.equals(wanted.volume()) && gid == wanted.gid() && writable == wanted.writable();
  }

  /** By which its point is held. */
  String holder() {
    return "export/" + name;
  }

  String description() {
    return "%s at gid %d, %s".formatted(volume, gid, writable ? "copy-on-write" : "read-only");
  }
}
