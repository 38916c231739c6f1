"""The first class of the local Spark server: it gives the server a user before Spark asks for one. Data only.

Hadoop asks Java who runs it, and Java asks the C library for the user id's name. The jail hides the host's
`/etc/passwd`, and in many a container no passwd names the id at all; Java then has no name, and Spark ends.
So the server is told its user in its own process: nothing of the host's is read, and root, ordinary users and
ids without a name start the same way. The class is compiled when the server starts, by the compiler that
Spark itself brings (Janino, which it compiles queries with). Rejected: a passwd mounted into the jail, which
needs a mount namespace, and so is not to be had in a container without privileges; HADOOP_USER_NAME, which
Hadoop reads only after it has asked Java; a compiled class, which nobody can read.
"""

from __future__ import annotations

from typing import Final

USER: Final = "calcmetric"
COMPILER: Final = "org.codehaus.janino.SimpleCompiler"  # compiles a file, and runs a class of it
CLASS: Final = "Start"
FILE: Final = "Start.java"
SOURCE: Final = f"""\
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.spark.deploy.SparkSubmit;

public class {CLASS} {{
    public static void main(String[] arguments) throws Exception {{
        UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser("{USER}"));
        SparkSubmit.main(arguments);
    }}
}}
"""
