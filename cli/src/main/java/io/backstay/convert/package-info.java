/**
 * Wlogs and wdiffs as files that a user names: made, merged and applied with bounded memory,
 * whatever their size.
 */
package io.backstay.convert;
