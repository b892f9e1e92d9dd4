package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret that only the processes of a group know. It is never sent: both ends of a connection prove that they
 * know it, see {@link Handshake}.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc2104">RFC 2104, HMAC</a>
 */
public final class GroupSecret {
    /** The variable that names the file with the secret. */
    public static final String VARIABLE = "LOCKSTEP_GROUP_SECRET";

    private static final String ALGORITHM = "HmacSHA256";
    private static final int LEAST = 16;
    private static final int MOST = 4096;
    private static final Set<PosixFilePermission> OF_OTHERS = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private final byte[] key;
    private final boolean known;

    private GroupSecret(byte[] key, boolean known) {
        this.key = key;
        this.known = known;
    }

    /** The secret of a group without one: everybody can prove it. */
    public static GroupSecret none() {
        return new GroupSecret("no secret".getBytes(StandardCharsets.US_ASCII), false);
    }

    /**
     * A secret that the caller distributes to every process of the group by its own means.
     *
     * @param bytes 16 to 4096 of them, from a {@link SecureRandom}
     * @throws LockstepException of kind RECIPE when there are fewer or more
     */
    public static GroupSecret of(byte[] bytes) {
        if (bytes.length < LEAST || bytes.length > MOST) {
            throw LockstepException.recipe(
                    "the group's secret has " + bytes.length + " bytes and not " + LEAST + " to " + MOST,
                    "",
                    "generate them with a SecureRandom, and give every process the same secret");
        }
        return new GroupSecret(bytes.clone(), true);
    }

    /** Whether it keeps outsiders out. */
    public boolean isKnown() {
        return known;
    }

    /**
     * The secret in the file that {@value #VARIABLE} names, or {@link #none} when the variable is not set.
     *
     * @throws LockstepException of kind RECIPE when the file cannot be read, is too short or too long, or can be read
     *     by others
     */
    public static GroupSecret from(Map<String, String> environment) {
        String file = environment.getOrDefault(VARIABLE, "");
        return file.isEmpty() ? none() : read(Path.of(file));
    }

    /**
     * The secret in a file: 16 to 4096 characters, white space around them left out.
     *
     * @throws LockstepException of kind RECIPE when the file cannot be read, is too short or too long, or can be read
     *     by others
     */
    public static GroupSecret read(Path file) {
        try {
            // Links are followed: Kubernetes mounts secrets as links. The permissions of the target file count.
            Path real = file.toRealPath();
            if (!Files.isRegularFile(real)) {
                throw refused(
                        file, "is not a regular file", "write at least " + LEAST + " random characters into a file");
            }
            if (Files.getFileStore(real).supportsFileAttributeView("posix") && isOpenToOthers(real)) {
                throw refused(file, "can be read or written by others", "chmod 600 " + file);
            }
            long size = Files.size(real);
            byte[] bytes =
                    size > MOST ? new byte[0] : Files.readString(real).strip().getBytes(StandardCharsets.UTF_8);
            if (bytes.length < LEAST) {
                String limits = LEAST + " to " + MOST + " bytes";
                throw refused(
                        file,
                        "has " + size + " bytes and not " + limits,
                        "write " + limits + " of random text into it");
            }
            return new GroupSecret(bytes, true);
        } catch (IOException e) {
            throw refused(file, "cannot be read (" + e + ")", "create it with mode 600, the same on every machine");
        }
    }

    /**
     * A file that belongs to another user, such as root, reaches this one through its group alone: Kubernetes mounts secrets
     * like that for a process that is not root. As ssh does with keys, only the owner's group is suspicious.
     */
    private static boolean isOpenToOthers(Path file) throws IOException {
        Path self = Path.of("/proc/self");
        boolean own = !Files.exists(self) || Files.getOwner(self).equals(Files.getOwner(file));
        return Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS).stream()
                .filter(OF_OTHERS::contains)
                .anyMatch(permission -> own || permission != PosixFilePermission.GROUP_READ);
    }

    private static LockstepException refused(Path file, String what, String fix) {
        return LockstepException.recipe("the group's secret " + what, VARIABLE + " = " + file, fix);
    }

    /** Writes a new secret into a file that only this user can read, in the folder for temporary files. */
    public static Path create() {
        return store(random(32));
    }

    /** Writes a secret that came from elsewhere into such a file. */
    public static Path store(String text) {
        try {
            Path file = Files.createTempFile("lockstep-", ".secret");
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Random bytes in hexadecimal digits. */
    static String random(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** The HMAC-SHA256 of a text under this secret, in hexadecimal digits. */
    String mac(String text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }
}
