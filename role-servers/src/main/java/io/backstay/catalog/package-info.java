/**
 * The catalog role of one node: who is who in the group, and who may change which volume now (rules
 * K1, K2, M3). {@link io.backstay.catalog.CatalogService} is the way in. What it answers is the
 * pure function {@code CatalogRules} of the immutable {@code CatalogState}; {@code CatalogStore}
 * makes the changes durable before the answer leaves; {@code RecordLog} and {@code LogFile} are the
 * files.
 */
package io.backstay.catalog;
