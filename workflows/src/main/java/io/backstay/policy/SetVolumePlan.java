package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Reply;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Under which record a volume goes on that is kept in another way from now on. Its storage takes
 * the record; proxies and archives get it from there (rule M3), whenever they are back.
 *
 * @param record with the new settings
 * @param changes against the record that was; empty where there is none
 * @param known whether the storage goes by the record already
 */
public record SetVolumePlan(
    Head head, ProtectionRecord record, List<VolumeSettings.Change> changes, boolean known)
    implements Plan {
  public SetVolumePlan {
    changes = List.copyOf(changes);
  }

  /**
   * @param record as the catalog has it
   * @param source what the storage says of the volume; empty where it does not know it
   * @throws RefusedException {@code needs-log}, {@code unknown-server} or {@code wrong-state}
   */
  public static SetVolumePlan choose(
      Head head,
      CatalogView view,
      ProtectionRecord record,
      VolumeSettings.Wanted wanted,
      Optional<Reply.VolumeFacts> source)
      throws RefusedException {
    ArchiveChoice.requireLog(record, "change how the log is kept of");
    if (wanted.proxies().isPresent())
      new GroupServers(view).allNamed(wanted.proxies().get(), Role.PROXY);
    if (source.isEmpty())
      throw Plan.notAdded(record.storage(), "change the settings of " + record.volume());
    VolumeSettings before = VolumeSettings.of(record);
    VolumeSettings after = before.with(wanted);
    ProtectionRecord next = after.equals(before) ? record : after.next(record);
    return new SetVolumePlan(
        head, next, before.changesTo(after), source.get().recordVersion() == next.version());
  }

  @Override
  public String volume() {
    return record.volume();
  }

  @Override
  public String server() {
    return record.storage();
  }

  @Override
  public String words() {
    if (changes.isEmpty())
      return known
          ? "%s has these settings already".formatted(volume())
          : "%s goes on under version %d of its record".formatted(volume(), record.version());
    return "set %s of %s"
        .formatted(
            changes.stream()
                .map(one -> "%s from %s to %s".formatted(one.setting(), one.from(), one.to()))
                .collect(Collectors.joining("; ")),
            volume());
  }
}
