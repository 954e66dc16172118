package io.backstay.catalog;

import io.backstay.model.Signed;

/** Signs the CBOR of a protection record with the catalog's own key (rule M3). */
@FunctionalInterface
public interface RecordSigner {
  Signed sign(byte[] content);
}
