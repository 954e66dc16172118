/**
 * Generations of a volume and the differences between them, in walb's algebra: which diffs lead
 * from a base image to which restorable point, which may be merged, which are needed. Pure
 * functions of values.
 */
package io.backstay.chain;
