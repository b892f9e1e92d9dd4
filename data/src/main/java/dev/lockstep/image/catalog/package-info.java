/**
 * The datasets that a recipe can name: their properties, where to find them, and how to fetch and verify them. Depends
 * on the other image packages, {@code recipe} and {@code errors}.
 */
@NullMarked
package dev.lockstep.image.catalog;

import org.jspecify.annotations.NullMarked;
