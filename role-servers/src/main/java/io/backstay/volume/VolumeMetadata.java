package io.backstay.volume;

/**
 * What a server keeps of one volume: a value that is replaced as a whole, so that an effect and the
 * ledger entry that caused it are committed together (rule K3).
 *
 * @param <M> the role's own type
 */
public interface VolumeMetadata<M extends VolumeMetadata<M>> {
  String volume();

  /** State of the role's table, steady: what runs is in the ledger. */
  Enum<?> state();

  Ledger ledger();

  M with(Ledger ledger);
}
