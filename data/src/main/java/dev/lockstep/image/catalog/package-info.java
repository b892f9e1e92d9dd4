/**
 * The datasets that a recipe can name: what they are, where they are found, how they are fetched and verified. Depends on
 * the other image packages, {@code recipe} and {@code errors}.
 */
@NullMarked
package dev.lockstep.image.catalog;

import org.jspecify.annotations.NullMarked;
