"""State names, keys, paths, data and log lines in Japanese, all the way through."""

from __future__ import annotations

import json

from wcwidth import wcswidth

from projects import Project


def test_a_pipeline_in_japanese_runs_and_is_shown_aligned(project: Project):
    project.write("生データ/数字.txt", "一 二 三\n")
    project.write(
        "前処理.py",
        """
        import pathlib
        text = pathlib.Path("/opt/ml/processing/入力/数字.txt").read_text(encoding="utf-8")
        pathlib.Path("/opt/ml/processing/訓練/数字.txt").write_text(text, encoding="utf-8")
        print("前処理しました：", text.strip())
        """,
    )
    project.write(
        "通知.py",
        """
        def tell(event, context):
            print("通知：", event["場所"])
            return {"結果": "完了"}
        """,
    )
    project.write(
        "パイプライン.py",
        """
        from stepmill.inputs import ExecutionInput
        from stepmill.sagemaker import ScriptProcessor
        from stepmill.steps import Chain, LambdaStep, ProcessingStep, Succeed
        from stepmill.workflow import Workflow

        run = ExecutionInput({"挨拶": "こんにちは"})
        prepare = ProcessingStep("前処理", ScriptProcessor(), code="前処理.py",
                                 inputs={"入力": "生データ/"}, outputs=["訓練"])
        tell = LambdaStep("通知する", function="通知.py:tell",
                          payload={"場所": prepare.outputs["訓練"], "言葉": f"{run['挨拶']}、世界"})
        workflow = Workflow("数字", definition=Chain([prepare, tell, Succeed("おわり")]), query_language="JSONata")
        """,
    )
    project.stepmill("run", "パイプライン.py", "--name", "最初")
    project.stepmill("run", "パイプライン.py", "--name", "second")
    shown = project.stepmill("show", "最初").stdout
    assert "✔ 前処理" in shown
    assert "✔ 通知する" in shown
    assert "前処理しました： 一 二 三" in project.stepmill("logs", "最初", "前処理").stdout
    listed = json.loads(project.stepmill("list", "--json").stdout)["executions"]
    assert {row["name"] for row in listed} == {"最初", "second"}
    table = project.stepmill("list").stdout.splitlines()
    columns = {wcswidth(line[: line.index(word)]) for line, word in zip(table, ("STATUS", "✔", "✔"), strict=False)}
    assert len(columns) == 1, table
