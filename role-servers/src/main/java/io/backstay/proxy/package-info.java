/** The proxy role: turns the log that a storage sends into diffs, and brings them to archives. */
package io.backstay.proxy;
