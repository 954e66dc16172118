package io.backstay.model;

import static io.backstay.model.OperationKind.*;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Which operations may run on one volume beside which: the one pure table of rule K2. It is
 * symmetric. Operations that take only a hold (restore, verify) do not reserve the volume, so that
 * they work without the catalog; what they forbid is checked by the archive against its holds (rule
 * X10).
 */
public final class Exclusion {
  private static final Map<OperationKind, Set<OperationKind>> BESIDE =
      new EnumMap<>(OperationKind.class);

  static {
    for (OperationKind kind : OperationKind.values())
      BESIDE.put(kind, EnumSet.noneOf(OperationKind.class));
    allow(RESTORE, FULL_BACKUP, HASH_BACKUP, DELETE_POINT, RESIZE, SET_VOLUME, RESTORE, VERIFY);
    allow(VERIFY, FULL_BACKUP, HASH_BACKUP, DELETE_POINT, RESIZE, SET_VOLUME, VERIFY);
    // Holds keep what these need; diffs come in beside all of them.
    allow(APPLY, RESTORE, VERIFY);
    allow(MERGE, RESTORE, VERIFY);
    // A snapshot changes nothing that anybody else could change.
    for (OperationKind kind : OperationKind.values()) allow(SNAPSHOT, kind);
  }

  private Exclusion() {}

  private static void allow(OperationKind one, OperationKind... others) {
    for (OperationKind other : others) {
      BESIDE.get(one).add(other);
      BESIDE.get(other).add(one);
    }
  }

  public static boolean mayRunBeside(OperationKind one, OperationKind other) {
    return BESIDE.get(one).contains(other);
  }

  /**
   * Whether a run of this kind reserves the volume at the catalog, or takes only a hold at the
   * archive, or nothing at all.
   */
  public static boolean reserves(OperationKind kind) {
    return kind != RESTORE && kind != VERIFY && kind != SNAPSHOT;
  }
}
