package dev.lockstep.natives;

import com.sun.security.auth.module.UnixSystem;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/** Checks that code may be loaded from a folder: no other user except root can write to it or replace it. */
final class FolderTrust {
    /** Accessible to the owner only. */
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private static final int STICKY = 01000;
    private static final int GROUP_WRITES = 0020;
    private static final int OTHERS_WRITE = 0002;
    private static final int ROOT = 0;

    private FolderTrust() {}

    /** Creates a folder and its missing parents, accessible to this user only. */
    static void create(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            if (hasOwners()) {
                Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
            } else {
                Files.createDirectories(folder);
            }
        }
    }

    /**
     * @param paths folders and files as returned by {@link Path#toRealPath}, because a link could be redirected later
     * @throws LockstepException of kind RECIPE when another user could change one of them or add files
     */
    static void check(Collection<Path> paths) throws IOException {
        if (hasOwners()) {
            check(paths, processOwner());
        }
    }

    static void check(Collection<Path> paths, int user) throws IOException {
        Set<Path> checked = new HashSet<>();
        for (Path path : paths) {
            check(path, user, checked);
        }
    }

    /** @param checked the parents that have been checked already */
    private static void check(Path folder, int user, Set<Path> checked) throws IOException {
        int system = owner(folder.getRoot());
        for (Path path = folder; path != null && (path == folder || checked.add(path)); path = path.getParent()) {
            boolean above = path != folder;
            int owner = owner(path);
            // The owner of the root folder can do anything. In a user namespace that need not be user 0.
            if (owner != user && owner != ROOT && !(above && owner == system)) {
                throw untrusted(path + " belongs to " + Files.getOwner(path), folder);
            }
            if (othersWrite(path, above)) {
                throw untrusted("others may write to " + path + " (" + describe(path) + ")", folder);
            }
        }
    }

    /** In a sticky folder other users can create entries but cannot replace this user's. */
    private static boolean othersWrite(Path path, boolean above) throws IOException {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        boolean others = (mode & OTHERS_WRITE) != 0 || (mode & GROUP_WRITES) != 0 && !isPrivateGroup(path);
        return others && !(above && (mode & STICKY) != 0);
    }

    /** Many systems give each user a private group of the same name, with write permission by default. */
    private static boolean isPrivateGroup(Path path) throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(path, PosixFileAttributes.class);
        return attributes.group().getName().equals(attributes.owner().getName());
    }

    private static LockstepException untrusted(String what, Path folder) {
        return LockstepException.recipe(
                "another user could put code into the cache of native libraries: " + what,
                "folder = " + folder,
                "set " + UserCache.VARIABLE + " to a folder that you own, or fix its owner and mode (chmod go-w)");
    }

    private static int owner(Path path) throws IOException {
        return (Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }

    private static int processOwner() throws IOException {
        Path self = Path.of("/proc/self");
        return Files.exists(self) ? (Integer) Files.getAttribute(self, "unix:uid") : (int) new UnixSystem().getUid();
    }

    /** Owner and mode as {@code ls} shows them. */
    static String describe(Path path) throws IOException {
        return hasOwners()
                ? Files.getOwner(path) + " " + PosixFilePermissions.toString(Files.getPosixFilePermissions(path))
                : "";
    }

    private static boolean hasOwners() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("unix");
    }
}
