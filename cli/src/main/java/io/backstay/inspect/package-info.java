/**
 * Looks at files and devices of Backstay's and walb's formats, changes nothing, and tells what is
 * in them and what is wrong with them. Fields that a format has are named as walb names them.
 */
package io.backstay.inspect;
