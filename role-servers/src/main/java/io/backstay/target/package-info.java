/**
 * Writing a restored image to a path that a user named (rule K6). The archive does it on its own
 * node, a storage on its.
 */
package io.backstay.target;
