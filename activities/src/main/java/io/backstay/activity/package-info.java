/**
 * Activities: each starts, or attaches to, one thing at one server of the group and watches it
 * (rules K2 to K4). The bytes never pass through here.
 */
package io.backstay.activity;
