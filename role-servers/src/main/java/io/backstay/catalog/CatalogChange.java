package io.backstay.catalog;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.backstay.model.Reservation;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import java.util.List;

/**
 * One change of the catalog, as it stands in the log. Each makes the revision of the state one
 * greater. A field or a case more needs a new {@link LogFile#FORMAT_VERSION}: an older release must
 * refuse such a log, for it would lose what it does not know in its next snapshot.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is")
@JsonSubTypes({
  @JsonSubTypes.Type(value = CatalogChange.ServerWritten.class, name = "server-written"),
  @JsonSubTypes.Type(value = CatalogChange.ProtectionWritten.class, name = "protection-written"),
  @JsonSubTypes.Type(value = CatalogChange.ProtectionRemoved.class, name = "protection-removed"),
  @JsonSubTypes.Type(value = CatalogChange.Reserved.class, name = "reserved"),
  @JsonSubTypes.Type(value = CatalogChange.Released.class, name = "released")
})
sealed interface CatalogChange {

  /** Replaces the server of that name. */
  record ServerWritten(ServerRecord server, long version) implements CatalogChange {}

  /** Replaces the protection record of the volume that the content names. */
  record ProtectionWritten(Signed record) implements CatalogChange {}

  record ProtectionRemoved(String volume) implements CatalogChange {}

  /** Also sets the last epoch of the volume. */
  record Reserved(Reservation reservation) implements CatalogChange {}

  /** The reservation ended, by release or because another run superseded it. */
  record Released(String volume, long epoch) implements CatalogChange {}

  /** The body of a log entry: changes that become durable together or not at all. */
  record Batch(List<CatalogChange> changes) {
    public Batch {
      changes = List.copyOf(changes);
    }
  }
}
