// Prints what Java says of TLS: "get URL..." tells of each URL in one line, "serve KEYSTORE PASSWORD VERSION"
// of one client that it requires a certificate of.
import java.io.FileInputStream;
import java.net.URL;
import java.security.KeyStore;
import javax.net.ssl.*;

public class Tls {
  static void get(String url) {
    try {
      System.out.println(new URL(url).openConnection().getInputStream().read());
    } catch (Exception exception) {
      for (Throwable at = exception; at != null; at = at.getCause()) System.out.print(at + "; ");
      System.out.println();
    }
  }

  static void serve(String file, char[] password, String version) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(new FileInputStream(file), password);
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0);
    listener.setNeedClientAuth(true);
    listener.setEnabledProtocols(new String[] {version});
    System.out.println("port " + listener.getLocalPort());
    try (SSLSocket visitor = (SSLSocket) listener.accept()) {
      visitor.startHandshake();
    } catch (Exception exception) {
      System.out.println("refused: " + exception);
    }
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("serve")) serve(arguments[1], arguments[2].toCharArray(), arguments[3]);
    else for (int i = 1; i < arguments.length; ++i) get(arguments[i]);
  }
}
