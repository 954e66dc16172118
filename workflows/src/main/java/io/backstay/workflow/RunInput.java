package io.backstay.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.type.TypeReference;
import io.backstay.model.OperationKind;
import io.backstay.wire.Cbor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The one JSON object that a run takes. A record of it that exists is valid; what is wrong is an
 * {@link IllegalArgumentException} that says what was given and what is allowed. Unknown fields are
 * refused, so that a mistyped name is never ignored.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface RunInput
    permits FullBackup.Input,
        Restore.Input,
        VerifyRestore.Input,
        AddVolume.Input,
        ClearVolume.Input,
        DeletePoint.Input,
        Resize.Input,
        SetVolume.Input,
        Snapshot.Input,
        Apply.Input,
        Merge.Input {
  String volume();

  OperationKind kindOfRun();

  /** As in {@code temporal workflow start --type}. */
  String workflowType();

  /** The id under which the command line starts such a run: {@code full-backup/vol0}. */
  String workflowId();

  /** One line for people. */
  String summary();

  /**
   * SHA-256 in hex of the input without its grant (rule K5): fields that are null are left out and
   * the order of fields does not matter, so that a field of a newer release does not change it.
   * What a {@link io.backstay.model.Grant} names, and by which a second start knows the first.
   */
  default String inputHash() {
    Map<String, Object> fields =
        new TreeMap<>(Cbor.json().convertValue(this, new TypeReference<Map<String, Object>>() {}));
    fields.remove("grant");
    fields.values().removeIf(Objects::isNull);
    return Cbor.hash(new TreeMap<>(Map.of("input", fields, "type", workflowType())));
  }

  /** The record of a workflow's input, by the name of the workflow. */
  static Optional<Class<? extends RunInput>> typeOf(String workflowType) {
    return Optional.ofNullable(TYPES.get(workflowType));
  }

  /** Names of all workflows, sorted. */
  static List<String> workflowTypes() {
    return TYPES.keySet().stream().sorted().toList();
  }

  /** By the workflow's name. */
  Map<String, Class<? extends RunInput>> TYPES =
      Map.ofEntries(
          Map.entry("FullBackup", FullBackup.Input.class),
          Map.entry("Restore", Restore.Input.class),
          Map.entry("VerifyRestore", VerifyRestore.Input.class),
          Map.entry("AddVolume", AddVolume.Input.class),
          Map.entry("ClearVolume", ClearVolume.Input.class),
          Map.entry("DeletePoint", DeletePoint.Input.class),
          Map.entry("Resize", Resize.Input.class),
          Map.entry("SetVolume", SetVolume.Input.class),
          Map.entry("Snapshot", Snapshot.Input.class),
          Map.entry("Apply", Apply.Input.class),
          Map.entry("Merge", Merge.Input.class));
}
